"""The Fréchet distance: its closed form, and what the metric says of decoders that are known."""

import numpy as np
import pytest
from scipy import linalg

from facsimile.metrics.base import cases
from facsimile.metrics.base import draws as base_draws
from facsimile.papers.beta_vae_repro.metrics import _frechet, frechet_distance

SHAPE = (3, 4, 5)


def gaussian(seed, size=4, rank=4):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, rank))
    return rng.normal(size=size), root @ root.T


def test_in_one_dimension_it_is_the_difference_of_means_and_of_deviations():
    distance = _frechet.of_gaussians(
        np.array([3.0]), np.array([[4.0]]), np.array([1.0]), np.array([[0.25]])
    )
    assert distance == pytest.approx((3 - 1) ** 2 + (2 - 0.5) ** 2)


def test_it_is_the_definition_with_a_matrix_root():
    (mean, covariance), (other_mean, other_covariance) = gaussian(0), gaussian(1)
    root = linalg.sqrtm(covariance @ other_covariance).real
    spread = np.trace(covariance + other_covariance - 2 * root)
    expected = np.square(mean - other_mean).sum() + spread
    distance = _frechet.of_gaussians(mean, covariance, other_mean, other_covariance)
    assert distance == pytest.approx(expected, rel=1e-9)
    swapped = _frechet.of_gaussians(other_mean, other_covariance, mean, covariance)
    assert swapped == pytest.approx(expected, rel=1e-9)


def test_a_shift_of_singular_gaussians_costs_its_square():
    mean, covariance = gaussian(2, rank=2)
    shift = np.array([0.0, 2.0, 0.0, 1.0])
    distance = _frechet.of_gaussians(mean, covariance, mean + shift, covariance)
    assert distance == pytest.approx(5, abs=1e-6)


def test_a_sample_is_at_distance_0_of_itself_in_any_order():
    sample = np.random.default_rng(3).normal(size=(50, 6))
    assert _frechet.of_samples(sample, sample[::-1]) == pytest.approx(0, abs=1e-9)
    assert _frechet.of_samples(sample, np.tile(sample, (2, 1))) == pytest.approx(0, abs=1e-9)


def scored(decoder):
    """Scores of a model whose codes are the factors, with hardly any noise, and a decoder."""
    grid = cases.Grid(SHAPE)
    codes = grid.factors.astype(np.float32)
    outputs = base_draws.ModelOutputs(np.full_like(codes, -20), grid.images(), decoder)
    drawn = base_draws.from_table(codes, grid.factors, 400, 100, 0, outputs)
    return frechet_distance.score(drawn)


def one_pixel_per_factor(codes):
    parts = []
    for j, size in enumerate(SHAPE):
        values = np.clip(np.rint(codes[:, j]), 0, size - 1).astype(int)
        parts.append(np.eye(size, dtype=np.float32)[values])
    return np.concatenate(parts, axis=1)


@pytest.fixture(scope="module")
def exact():
    return scored(one_pixel_per_factor)


def test_a_perfect_decoder_has_distance_0(exact):
    assert exact["reconstructions"] == pytest.approx(0, abs=1e-6)
    # The prior has codes around 0 and below: other images than those of the factors.
    assert exact["samples"] > 1


def test_the_classifier_learns_images_that_show_their_factors(exact):
    assert exact["accuracy"] > 0.95


def test_a_decoder_of_grey_images_is_far_from_the_images(exact):
    grey = scored(lambda codes: np.full((len(codes), sum(SHAPE)), 0.5, np.float32))
    assert grey["reconstructions"] > 1
    # It decodes any code to the same image.
    assert grey["samples"] == pytest.approx(grey["reconstructions"], rel=1e-9)
    assert grey["accuracy"] == exact["accuracy"]
