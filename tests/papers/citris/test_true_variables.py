"""The true variables as codes: what they infer, and that R² of turned ones is 1/2."""

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.datasets import voronoi


def batch(k=4, n=20_000):
    random = np.random.default_rng(0)
    values = voronoi.squashed(random.normal(size=(n, k)) / 2)
    return {"latents": torch.from_numpy(values.astype(np.float32))}


def test_codes_are_the_variables_and_each_latent_is_its_own():
    data = batch()
    model = models.model("true_variables", pairs=0)
    torch.testing.assert_close(model.infer({}, data)["mean"], data["latents"])
    assert model.learned({}, data, 0)["assignment"].tolist() == np.eye(4).tolist()


def test_a_turned_latent_explains_half_of_each_of_its_two_variables():
    """Of the best prediction, which is linear; binned means explain no more."""
    data = batch()
    codes = models.model("true_variables", pairs=1).infer({}, data)["mean"].numpy()
    truth = data["latents"].numpy()
    np.testing.assert_allclose(codes[:, 2:], truth[:, 2:])
    squared = np.corrcoef(codes[:, :2].T, truth[:, :2].T)[:2, 2:] ** 2
    np.testing.assert_allclose(squared, 0.5, atol=0.02)
    bins = np.digitize(codes[:, 0], np.quantile(codes[:, 0], np.linspace(0, 1, 41)[1:-1]))
    means = np.array([truth[bins == b, 0].mean() for b in range(40)])
    explained = means[bins].var() / truth[:, 0].var()
    assert explained == pytest.approx(0.5, abs=0.02)
    # The variables can be computed from both codes together.
    back = (codes[:, 0] + codes[:, 1]) / np.sqrt(2)
    np.testing.assert_allclose(back, truth[:, 0], atol=1e-5)


def test_more_pairs_than_there_are_variables_are_refused():
    with pytest.raises(ValueError, match="has 3 variables; use at most 1"):
        models.model("true_variables", pairs=2).infer({}, batch(3, 10))
    with pytest.raises(ValueError, match=r"whole number of at least 0, not 0\.5"):
        models.model("true_variables", pairs=0.5)
