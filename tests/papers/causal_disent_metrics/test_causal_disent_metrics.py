"""Sprites with and without common causes, codes of known structure, and the term of labels."""

import math

import numpy as np
import pytest
import torch

from facsimile import metrics, models
from facsimile.foundation import discover
from facsimile.metrics.base.nearest_picture import Reader
from facsimile.models import ArraysModel
from facsimile.models.base import networks as architectures
from facsimile.papers.causal_disent_metrics import sprites
from facsimile.papers.causal_disent_metrics.datasets.confounded_sprites import (
    ConfoundedSprites,
    combinations,
)
from facsimile.papers.causal_disent_metrics.models import _s2_vae

SHAPES = {"images": (16, 16, 1), "labels": (5,), "rank": ()}


@pytest.fixture(scope="module")
def independent():
    """Factors and pictures of all combinations."""
    factors = combinations(confounded=False)
    return factors, sprites.drawn(factors, 16)


def pairs(factors, first, second):
    """How many different pairs of values two factors have."""
    return len(np.unique(factors[:, [first, second]], axis=0))


def test_size_depends_on_shape_and_orientation_on_position_and_nothing_else_does():
    factors = combinations(confounded=True)
    assert len(factors) == 3 * 3 * 3 * 8 * 8
    assert pairs(factors, 0, 1) == 3 * 3
    assert pairs(factors, 2, 3) == 3 * 8
    for first, second in ((0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 4), (3, 4)):
        sizes = sprites.SIZES
        assert pairs(factors, first, second) == sizes[first] * sizes[second]
    # The rule of the released script: each shape shares one size with the next.
    sizes = [set(factors[factors[:, 0] == shape, 1]) for shape in range(3)]
    assert sizes == [{0, 1, 2}, {2, 3, 4}, {4, 5, 0}]


def test_sprites_are_those_of_dsprites():
    from facsimile.datasets.base import sprite

    factors = np.array([[2, 3, 4, 5, 6]])
    packed = sprite.render(2, 3, 2 * 4)[32 * 20 + 24]
    expected = 255 * np.unpackbits(packed).reshape(64, 64)
    np.testing.assert_array_equal(sprites.drawn(factors, 64)[0, ..., 0], expected)
    small = expected.reshape(16, 4, 16, 4).mean(axis=(1, 3))
    assert np.abs(sprites.drawn(factors, 16)[0, ..., 0] - small).max() <= 0.5


def test_all_pictures_differ_so_that_the_nearest_is_the_right_one(independent):
    factors, pictures = independent
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    rows = np.arange(0, len(pictures), 97)
    reader = Reader(pictures, factors)
    np.testing.assert_array_equal(reader.read(pictures[rows]), factors[rows])
    # Floats from 0 to 1 are read as bytes are.
    probabilities = reader.probabilities(pictures[rows].astype(np.float32) / 255)
    assert [part.shape[1] for part in probabilities] == list(sprites.SIZES)
    read = np.stack([part.argmax(axis=1) for part in probabilities], axis=1)
    np.testing.assert_array_equal(read, factors[rows])


def scores_of(merged, factors, pictures, convention="dlib"):
    model = models.model("known_sets", merged=merged)
    codes, _ = model.codes(factors, 0)
    table = metrics.score(
        codes,
        factors,
        ["unconfoundedness", "counterfactual_generativeness"],
        convention,
        n_train=150,
        n_test=10,
        decoder=lambda values: model.decode({}, torch.from_numpy(values)).movedim(1, -1).numpy(),
        classifier=Reader(pictures, factors).probabilities,
    )
    return table.set_index("score")["value"]


def test_the_true_renderer_generates_each_factor_from_its_own_latent(independent):
    scores = scores_of(1, *independent)
    names = ["uc", "cg", "cg_average", "effect", "side_effect"]
    assert scores[names].tolist() == [1, 1, 1, 1, 0]


def test_a_reader_does_not_know_combinations_that_are_missing():
    """Beside the same codes, one latent for everything never leaves the known combinations."""
    factors = combinations(confounded=True)
    pictures = sprites.drawn(factors, 16)
    own, one = scores_of(1, factors, pictures), scores_of(5, factors, pictures)
    assert (own["uc"], one["uc"]) == (1, 0)
    assert own["side_effect"] > 0.2
    assert one["side_effect"] == 0
    assert one["cg"] > own["cg"]


@pytest.mark.parametrize(("merged", "uc"), [(1, 1.0), (2, 0.9), (5, 0.0)])
def test_uc_counts_pairs_of_factors_that_share_a_latent(merged, uc):
    factors = combinations(confounded=False)
    codes, _ = models.model("known_sets", merged=merged).codes(factors, 0)
    table = metrics.score(codes, factors, ["unconfoundedness"], "dlib", n_train=2000, n_test=10)
    assert table.set_index("score")["value"]["uc"] == pytest.approx(uc)


def batch(rows=32):
    random = np.random.default_rng(0)
    factors = combinations(confounded=False)
    chosen = factors[random.integers(0, len(factors), rows)]
    pictures = torch.from_numpy(sprites.drawn(chosen, 16))
    return {
        "images": pictures.movedim(-1, 1).float() / 255,
        "labels": torch.from_numpy((chosen / sprites.SIZES).astype(np.float32)),
        "rank": torch.from_numpy(random.uniform(size=rows).astype(np.float32)),
    }


def losses_of(model, data):
    networks = model.networks(SHAPES, 6, architectures.MLP)
    with torch.no_grad():
        model.initialise(networks, 3)
    noise = {}
    for name, draw in model.draws(len(data["rank"]), 6).items():
        generator = torch.Generator().manual_seed(1)
        noise[name] = torch.randn(draw.shape, generator=generator)
        if draw.kind == "permutation":
            noise[name] = noise[name].argsort(0)
    return networks, model.losses(networks, data, noise, 0)


@pytest.mark.parametrize(
    "name",
    [
        "s2_beta_vae",
        "s2_beta_tc_vae",
        "s2_dip_vae_i",
        "s2_dip_vae_ii",
        "s2_factor_vae",
        "s2_annealed_vae",
    ],
)
def test_labels_add_their_cross_entropy_and_nothing_else(name):
    """Without labels it is the VAE; with labels of all rows, γ_sup times a sum over the batch."""
    data = batch()
    networks, plain = losses_of(models.model(name), data)
    _, labelled = losses_of(models.model(name, labelled=1, gamma_sup=3), data)
    mean, _ = networks["vae"].encode(data["images"])
    probability = mean[:, :5].double().sigmoid()
    labels = data["labels"].double()
    log_likelihood = labels * probability.log() + (1 - labels) * (1 - probability).log()
    assert labelled.terms["supervised"].item() == pytest.approx(-log_likelihood.sum().item())
    gap = labelled.minimise["vae"] - plain.minimise["vae"]
    assert gap.item() == pytest.approx(-3 * log_likelihood.sum().item(), rel=1e-4)
    for group in plain.minimise.keys() - {"vae"}:
        assert plain.minimise[group] == labelled.minimise[group]


def test_a_share_of_the_labels_weighs_as_much_as_all_in_the_mean():
    """Over all windows of ranks, the mean of the term is the term with all labels."""
    rows, share = 40, 0.25
    mean = torch.randn(rows, 6, generator=torch.Generator().manual_seed(0))
    labels = torch.full((rows, 5), 0.3)
    everything = _s2_vae.cross_entropy(mean, labels)
    parts = [_s2_vae.cross_entropy(mean[i : i + 10], labels[i : i + 10]) for i in range(0, 40, 10)]
    assert torch.stack(parts).mean() / share == pytest.approx(everything.item(), rel=1e-6)
    assert _s2_vae.cross_entropy(mean[:0], labels[:0]) == 0
    # A label of 0 at a mean of 0 costs a bit.
    assert _s2_vae.cross_entropy(torch.zeros(1, 6), torch.zeros(1, 5)) == pytest.approx(
        5 * math.log(2)
    )


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("s2_beta_vae", {"labelled": 1.5}, "labelled is the share of training rows"),
        ("s2_beta_vae", {"gamma_sup": -1}, "gamma_sup is a weight, 0 or more, not -1"),
        ("known_sets", {"merged": 6}, "whole number from 1 to 5, not 6"),
        ("known_sets", {"side": 32}, "side must be 16 or 64, not 32"),
    ],
)
def test_impossible_settings_are_refused(name, values, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **values)


def test_fewer_latents_than_labels_are_refused():
    model = models.model("s2_beta_vae")
    assert isinstance(model, ArraysModel)
    with pytest.raises(ValueError, match="set latents to 5 or more, not 4"):
        model.networks(SHAPES, 4, architectures.MLP)


def test_labels_are_factors_over_their_numbers_of_values():
    data = discover.load_class("datasets", "confounded_sprites_16", ConfoundedSprites)
    arrays = data.generate(None)
    assert len(arrays["images"]) == data.rows == 1728
    np.testing.assert_allclose(arrays["labels"] * sprites.SIZES, arrays["factors"], atol=1e-6)
    assert sorted(arrays["rank"])[0] == pytest.approx(0.5 / 1728)
