"""PCA and ICA of images that are linear in their factors, for which both are known."""

import numpy as np
import pandas as pd
import pytest

from facsimile import models
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.beta_vae_repro.metrics import pca_and_ica

SIZES = (8, 9, 10)
SIDE = 4
POINTS = (30, 200)  # training and test batches


class Grid:
    """What the metric needs of a data set."""

    def __init__(self, sizes=SIZES):
        self.factor_names = tuple(f"factor {j}" for j in range(len(sizes)))
        rows = np.arange(np.prod(sizes))
        self._factors = np.stack(np.unravel_index(rows, sizes), axis=1)

    def factors(self, rows):
        return self._factors[rows]


@pytest.fixture(scope="module")
def grid():
    return Grid()


@pytest.fixture(scope="module")
def images(grid):
    """Images [n, 4, 4, 1] that mix standardised factors by a matrix, with a little noise."""
    rng = np.random.default_rng(0)
    factors = grid.factors(slice(None)).astype(float)
    standard = (factors - factors.mean(0)) / factors.std(0)
    mixed = standard @ rng.normal(size=(len(SIZES), SIDE**2))
    noise = 0.01 * rng.normal(size=mixed.shape)
    return (mixed + noise).astype(np.float32).reshape(-1, SIDE, SIDE, 1)


def outputs(images, grid, subset=0.0):
    return RunOutputs(
        "pca_and_ica", {"subset": subset}, {}, pd.DataFrame(), {}, images, grid, POINTS, 0
    )


def exact_pixels(images):
    """Pixels [n, 16] in float64: the noise is 400 times weaker than the factors.

    In float32 rounding would be seen in the codes of the noise, and would depend on the processor.
    """
    return images.reshape(len(images), -1).astype(float)


@pytest.fixture(scope="module")
def scores(images, grid):
    return pca_and_ica.score(outputs(images, grid))


def test_codes_of_pca_are_white_and_span_the_directions_of_the_images(images):
    pixels = exact_pixels(images)
    codes = pca_and_ica._pca(pixels, 0).transform(pixels)
    covariance = np.cov(codes.T)
    np.testing.assert_allclose(covariance, np.eye(10), atol=1e-4)
    left, _, _ = np.linalg.svd(pixels - pixels.mean(0), full_matrices=False)
    overlap = np.abs(left[:, :3].T @ codes[:, :3]) / np.sqrt(len(codes) - 1)
    np.testing.assert_allclose(overlap, np.eye(3), atol=1e-3)


def test_codes_of_ica_are_the_factors_at_the_scale_of_that_time(images, grid):
    pixels = exact_pixels(images)
    codes = pca_and_ica._ica(pixels, 0).transform(pixels)
    np.testing.assert_allclose(codes.std(0), 1 / np.sqrt(len(codes)), rtol=1e-3)
    factors = grid.factors(slice(None))
    correlation = np.abs(np.corrcoef(factors.T, codes.T)[:3, 3:])
    assert correlation.max(axis=1).min() > 0.97


def test_the_penalty_keeps_small_codes_of_the_very_factors_near_chance(scores):
    """With 30 batches, 1/3 being chance."""
    assert scores["ica_unit"] == 1
    assert scores["ica"] < 0.5


def test_another_subset_is_another_fit_and_another_draw_of_batches(images, grid, scores):
    other = pca_and_ica.score(outputs(images, grid, subset=1.0))
    assert other["ica"] != scores["ica"]
    assert other["pca_mig"] != scores["pca_mig"]


def test_data_without_ten_components_or_without_a_second_factor_raise(images, grid):
    with pytest.raises(ValueError, match="9 images have fewer than 10 components"):
        pca_and_ica.score(outputs(images[:9], grid))
    with pytest.raises(ValueError, match="this data set has no other"):
        pca_and_ica.score(outputs(images, Grid((720,))))


@pytest.mark.parametrize("subset", [-1, 0.5])
def test_a_subset_is_a_whole_number(subset):
    with pytest.raises(ValueError, match=f"subset must be a whole number, 0 or more, not {subset}"):
        models.model("pca_and_ica", subset=subset).check()
