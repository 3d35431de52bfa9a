"""Causal effects of quantities and of latents: the true equations, and models that ignore one."""

import numpy as np
import pandas as pd
import pytest
import torch

from facsimile import models
from facsimile.datasets.base.table import TEST, TRAINING
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.dear import interventions
from facsimile.papers.dear.datasets import noisy_pendulum
from facsimile.papers.dear.datasets.noisy_pendulum import QUANTITIES
from facsimile.papers.dear.metrics import causal_effect
from facsimile.papers.dear.models import _scm, _settings

SHAPES = {"images": (64, 64, 3), "labels": (4,), "rank": ()}
LIGHT, ANGLE, LENGTH, POSITION = range(4)


@pytest.fixture(scope="module")
def values():
    """Quantities of 300 rows, every fifth of which has a random shadow."""
    return noisy_pendulum.without_background()[0][:300]


def real_data(values):
    """The arrays of a small data set of these rows, every third of them for test."""
    low, high = interventions.ends(values)
    images = noisy_pendulum.draw(values, np.zeros(len(values), np.int64))
    part = np.where(np.arange(len(values)) % 3 == 2, TEST, TRAINING)
    labels = ((values - low) / (high - low)).astype(np.float32)
    return {"images": images, "values": values, "labels": labels, "part": part}


def outputs(values, pictures):
    return RunOutputs(
        model="true_labels",
        params={},
        inferred={"set_pictures": pictures},
        history=pd.DataFrame(),
        data=real_data(values),
        images=None,
        grid=None,
        n_points=(200, 100),
        seed=0,
    )


def test_shadows_are_those_of_the_data(values):
    expected = [noisy_pendulum._shadow(*row) for row in values[:20, :2]]
    np.testing.assert_allclose(interventions.shadows(*values[:20, :2].T), expected)


def test_what_is_set_to_its_own_value_changes_nothing(values):
    for quantity in range(4):
        row = values[[7]]
        same = interventions.after(row, quantity, row[0, quantity])
        np.testing.assert_allclose(same, row, atol=1e-12)


def test_only_effects_change_and_random_shadows_have_no_causes(values):
    is_random = np.arange(len(values)) % 5 == 4
    for quantity, reached in (
        (LIGHT, [0, 2, 3]),
        (ANGLE, [1, 2, 3]),
        (LENGTH, [2]),
        (POSITION, [3]),
    ):
        after = interventions.after(values, quantity, values[:, quantity].max() + 0.01)
        changed = after != values
        assert changed.any(axis=0).nonzero()[0].tolist() == reached
        assert not np.delete(changed[is_random], quantity, axis=1).any()
    # By hand: the light at 45 degrees, the pendulum hanging down, and the noise of the row.
    row = values[[0]]
    noise = row[0, 2:] - interventions.shadows(*row[:, :2].T)[0]
    after = interventions.after(interventions.after(row, LIGHT, np.pi / 4), ANGLE, 0)
    np.testing.assert_allclose(after[0], [np.pi / 4, 0, 9.5 + noise[0], 3.75 + noise[1]])


def test_true_effects_are_in_ranges(values):
    effects = np.abs(interventions.effects(values)).mean(axis=2)
    np.testing.assert_allclose(np.diag(effects), 1)
    no_effect = [(s, r) for s in range(4) for r in range(4) if s != r and not (s < 2 <= r)]
    assert [effects[pair] for pair in no_effect] == [0] * 8
    assert effects[:2, 2:].min() > 0.1


@pytest.mark.slow
def test_pictures_of_the_true_renderer_are_read_as_the_equations_say(values):
    pictures = interventions.pictures(values, np.arange(0, 300, 3))
    scores = causal_effect.score(outputs(values, pictures))
    # The light and the pendulum are read where nothing else is drawn.
    for read in ("light", "angle"):
        for was_set in QUANTITIES:
            name = f"upper_{read}_do_{was_set}"
            assert scores[name] == pytest.approx(scores[f"{name}_theory"], abs=0.02)
    for read in ("length", "position"):
        for was_set in ("light", "angle"):
            name = f"upper_{read}_do_{was_set}"
            assert scores[name] == pytest.approx(scores[f"{name}_theory"], abs=0.06)
    assert scores["reader_error"] < 0.02


def test_pictures_that_ignore_a_latent_have_no_effect(values):
    pictures = np.zeros((4, 2, 5, 16, 16, 3), np.uint8)
    pictures[LENGTH, 1] = 200
    scores = causal_effect.score(outputs(values, pictures))
    for was_set in ("light", "angle", "position"):
        for read in QUANTITIES:
            assert scores[f"upper_{read}_do_{was_set}"] == 0
    assert max(scores[f"upper_{read}_do_length"] for read in QUANTITIES) > 0


@pytest.mark.parametrize("function", _scm.FUNCTIONS)
@torch.no_grad()
def test_noise_is_inferred_from_latents(function):
    graph = _scm.Graph(_scm.true_graph(4) / 2, is_learned=False)
    scm = _scm.SCM(graph, _scm.elementwise(function, 4, 1.0))
    scm.function.place(0)
    noise = torch.randn((9, 4), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(scm.infer(scm(noise)), noise, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize(("name", "latents"), [("scm_vae", 4), ("dear", 6)])
@torch.no_grad()
def test_latents_are_set_to_both_ends_and_others_follow(name, latents):
    model = models.model(name, side=8)
    networks = model.networks(SHAPES, latents, "own")
    model.initialise(networks, 0)
    random = torch.Generator().manual_seed(0)
    whole = {
        "images": torch.rand((12, 3, 64, 64), generator=random),
        "part": torch.tensor([TRAINING] * 9 + [TEST] * 3),
    }
    learned = model.learned(networks, whole, seed=0)
    assert learned["set_pictures"].shape == (4, 2, 9, 8, 8, 3)
    # The decoder is given latents whose causes are as they were: with a decoder that shows the
    # first latents themselves, those that are set are the ends of the training rows.
    graph = _scm.Graph(_scm.true_graph(4) / 2, is_learned=False)
    scm = _scm.SCM(graph, _scm.Affine(4, 1.0))
    scm.function.place(0)
    codes = torch.rand((12, 4), generator=random) * 2 - 1
    seen = []

    def decode(causal, before):
        seen.append(causal)
        return torch.zeros(len(causal), 3)

    _settings.set_pictures(whole | {"images": codes}, lambda block: block, scm, decode)
    training = codes[:9]
    for latent in range(4):
        for end, value in enumerate((training.min(0).values, training.max(0).values)):
            after = seen[2 * latent + end]
            torch.testing.assert_close(after[:, latent], value[latent].expand(9))
            unreached = {0: [1], 1: [0], 2: [0, 1, 3], 3: [0, 1, 2]}[latent]
            torch.testing.assert_close(after[:, unreached], training[:, unreached])
