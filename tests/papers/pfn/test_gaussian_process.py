"""Draws from Gaussian processes, and their exact predictive distributions."""

import numpy as np
import pytest

from facsimile.datasets import DataFile
from facsimile.foundation import discover
from facsimile.papers.pfn import gaussian_process
from facsimile.papers.pfn.gaussian_process import Prior

PRIOR = Prior(length=0.6, variance=1.3, noise=0.05, upper=2.0)


def points(n, features=3):
    random = np.random.default_rng(0)
    return random.uniform(0, PRIOR.upper, (n, features)), random.standard_normal(n)


def test_predictions_are_conditionals_of_the_joint_distribution():
    x, y = points(6)
    query = np.array([[0.3, 1.0, 0.2], [1.5, 0.1, 0.9]])
    exact = gaussian_process.predictive(x, y, query, PRIOR)
    for n in range(7):
        for index in range(2):
            # The joint covariance of n observations and the target, noise included.
            both = np.concatenate([x[:n], query[index : index + 1]])
            joint = gaussian_process.of_observations(both, PRIOR)
            weights = np.linalg.inv(joint[:n, :n]) @ joint[:n, n]
            assert exact.mean[n, index] == pytest.approx(weights @ y[:n])
            assert exact.variance[n, index] == pytest.approx(joint[n, n] - weights @ joint[:n, n])


def test_a_linear_kernel_matrix_entry_is_the_formula():
    x, _ = points(2)
    squared = ((x[0] - x[1]) ** 2).sum()
    expected = 1.3 * np.exp(-squared / (2 * 0.36))
    assert gaussian_process.covariance(x, x, PRIOR)[0, 1] == pytest.approx(expected)


def test_draws_have_the_covariance_of_the_process():
    x, _ = points(4)
    normals = np.random.default_rng(1).standard_normal((20_000, 4))
    drawn = gaussian_process.draw(np.broadcast_to(x, (20_000, 4, 3)), normals, PRIOR)
    expected = gaussian_process.of_observations(x, PRIOR)
    np.testing.assert_allclose(drawn.T @ drawn / 20_000, expected, atol=0.04)


def test_targets_of_the_paper_s_prior_are_calibrated():
    data_class = discover.load_class("datasets", "gp_5_features", DataFile)
    data = data_class.generate(None)
    standardised = (data["target"][:, None] - data["mean"]) / np.sqrt(data["variance"])
    # 1,000 sets: the standard error of a mean of squares is 0.045.
    np.testing.assert_allclose((standardised**2).mean(0), 1, atol=0.15)
    assert data["variance"][0, 0] == pytest.approx(1.0001)
    assert (np.diff(data["variance"], axis=1) <= 0).all()
    assert (data["variance"] > 1e-4).all()
