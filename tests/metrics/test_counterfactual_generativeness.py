"""CG: models whose decoder and classifier are known, and the released code's values."""

import json

import numpy as np
import pytest
from project import GOLDENS

from facsimile.metrics import counterfactual_generativeness
from facsimile.metrics.base import draws as base_draws

ANSWERS = json.loads((GOLDENS / "unconfoundedness" / "answers.json").read_text())


class Exact:
    """A decoder that sets the pixel of each factor's value, and a classifier that reads it.

    The value is read from the factor's own latent.
    """

    def __init__(self, grid, read=lambda codes: codes):
        self.grid, self.read = grid, read
        self.mean, self.width = grid.factors.mean(0), grid.factors.std(0)

    def decoder(self, codes):
        values = np.rint(self.read(codes)[:, : len(self.mean)] * self.width + self.mean).astype(int)
        pixels = [
            np.eye(size)[value] for size, value in zip(self.grid.sizes, values.T, strict=True)
        ]
        return np.concatenate(pixels, axis=1)

    def classifier(self, images):
        return np.split(images, np.cumsum(self.grid.sizes)[:-1], axis=1)

    @property
    def outputs(self):
        return base_draws.ModelOutputs(decoder=self.decoder, classifier=self.classifier)


def scored(codes, grid, outputs, convention="corrected", n=500):
    return counterfactual_generativeness.score(
        base_draws.from_table(codes, grid.factors, n, 50, 0, outputs), convention
    )


@pytest.mark.parametrize("convention", counterfactual_generativeness.CONVENTIONS)
def test_a_perfect_model_is_at_the_top(grid, convention):
    scores = scored(grid.oracle(), grid, Exact(grid).outputs, convention)
    assert [scores[name] for name in ("cg", "cg_average", "effect", "side_effect")] == [1, 1, 1, 0]


def test_latents_that_the_decoder_does_not_use_generate_nothing(grid):
    blind = Exact(grid, lambda codes: np.zeros_like(codes)).outputs
    assert set(scored(grid.oracle(), grid, blind).values()) == {0.0}


def test_constant_codes_generate_nothing(grid):
    outputs = Exact(grid, lambda codes: codes * 0).outputs
    assert set(scored(np.full((360, 4), 0.1), grid, outputs).values()) == {0.0}


def test_a_constant_latent_is_decoded_and_changes_nothing(grid):
    model = Exact(grid, lambda codes: codes[:, 1:])
    scores = scored(np.c_[np.full(360, 3.0), grid.oracle()], grid, model.outputs)
    assert scores["cg"] == scores["effect"] == 1


def test_the_wrong_latents_alone_score_as_high(grid):
    """The decoder reads noisy copies, while the exact latents count as the factor's own.

    The absolute value does not distinguish the two.
    """
    noisy = grid.oracle() + 0.01 * grid.noise()
    scores = scored(
        np.c_[grid.oracle(), noisy], grid, Exact(grid, lambda codes: codes[:, 4:]).outputs
    )
    assert [scores[name] for name in ("cg", "effect", "side_effect")] == [1, 0, 1]


def test_order_and_scale_of_latents_do_not_matter(grid):
    order, scale = [2, 0, 3, 1], np.float32([2, -1, 4, -0.5])
    moved = (grid.oracle() * scale)[:, order]
    back = Exact(grid, lambda codes: codes[:, np.argsort(order)] / scale)
    assert scored(moved, grid, back.outputs) == pytest.approx(
        scored(grid.oracle(), grid, Exact(grid).outputs)
    )


def test_images_are_decoded_once_for_each_set_of_latents(grid):
    model, calls = Exact(grid), []
    outputs = base_draws.ModelOutputs(
        decoder=lambda codes: calls.append(len(codes)) or model.decoder(codes),
        classifier=model.classifier,
    )
    scored(grid.oracle(), grid, outputs)
    assert sum(calls) == 500 * (1 + 4 + 4 + 1)  # rho = 7 of four latents: all, for every factor
    assert max(calls) <= counterfactual_generativeness.BATCH


def test_missing_inputs_are_named(grid):
    model = Exact(grid)
    with pytest.raises(ValueError, match="needs classifier"):
        scored(grid.oracle(), grid, base_draws.ModelOutputs(decoder=model.decoder))
    with pytest.raises(ValueError, match=r"must give 4 arrays \[\d+, values\]"):
        scored(
            grid.oracle(),
            grid,
            base_draws.ModelOutputs(decoder=model.decoder, classifier=lambda images: images),
        )
    fewer = base_draws.ModelOutputs(
        decoder=model.decoder,
        classifier=lambda images: [*model.classifier(images)[:3], images[:, :2]],
    )
    with pytest.raises(ValueError, match=r"too few values for factors column 3"):
        scored(grid.oracle(), grid, fewer)
    logits = base_draws.ModelOutputs(
        decoder=model.decoder,
        classifier=lambda images: [part * 9 for part in model.classifier(images)],
    )
    with pytest.raises(ValueError, match="softmax"):
        scored(grid.oracle(), grid, logits)


def toy(latents, sizes=(3, 6, 40, 32, 32)):
    """The decoder and classifier with which the released code was run."""
    random = np.random.RandomState(7)
    weights, heads = random.normal(size=(latents, 20)), random.normal(size=(20, sum(sizes)))

    def classifier(images):
        parts = np.split(images @ heads, np.cumsum(sizes)[:-1], axis=1)
        raised = [np.exp(part - part.max(axis=1, keepdims=True)) for part in parts]
        return [part / part.sum(axis=1, keepdims=True) for part in raised]

    return base_draws.ModelOutputs(
        decoder=lambda codes: 1 / (1 + np.exp(-codes.astype(np.float64) @ weights)),
        classifier=classifier,
    )


@pytest.mark.parametrize("case", ANSWERS)
def test_it_is_the_released_number(case, read_golden):
    golden = read_golden(case)
    points = base_draws.Sample(golden["mus_train"].T[:300], golden["ys_train"].T[:300])
    draws = base_draws.Draws(points, points, outputs=toy(points.codes.shape[1]))
    scores = counterfactual_generativeness.score(draws, "dlib-fork")
    assert [scores["cg"], scores["cg_rho7"]] == pytest.approx(
        [ANSWERS[case]["cg_1"], ANSWERS[case]["cg_7"]], abs=1e-6
    )
    assert (
        scores["cg_average"] < scores["cg"]
    )  # here the greater effect is now the one, now the other
