"""Mixtures of Table 7: posteriors by quadrature, answers, and bad input."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from facsimile import models
from facsimile.papers.dt import mixtures
from facsimile.papers.dt.datasets.linear_gaussian import LinearGaussian
from facsimile.papers.dt.metrics import mixture_kl


def on_a_line():
    """Two mixtures of three Gaussians in one dimension."""
    weights = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
    means = np.array([[-2.0, 0.5, 3.0], [0.0, 1.0, 5.0]])[..., None]
    variances = np.array([[0.5, 0.2, 1.0], [1.5, 0.3, 0.1]])[..., None, None]
    return mixtures.Mixture(np.log(weights), means, variances)


def density(point, mixture, row):
    weights, means, variances = (values[row].ravel() for values in mixture)
    return np.exp(weights) @ stats.norm.pdf(point, means, np.sqrt(variances))


def test_the_posterior_is_that_of_quadrature():
    prior, z, noise = on_a_line(), np.array([[1.2], [3.0]]), 0.7
    ours = mixtures.posterior(prior, z, noise)
    np.testing.assert_allclose(np.exp(ours.log_weights).sum(1), 1)
    for row in range(2):

        def joint(point, row=row):
            return density(point, prior, row) * stats.norm.pdf(z[row, 0], point, noise**0.5)

        evidence, _ = integrate.quad(joint, -15, 15, limit=200)
        for point in (-1.0, 0.8, 2.5):
            expected = joint(point) / evidence
            assert density(point, ours, row) == pytest.approx(expected, rel=1e-7)


def test_log_densities_and_divergences_are_those_of_quadrature():
    first = on_a_line()
    second = first._replace(log_weights=first.log_weights[::-1])
    points = np.array([[[0.1], [4.0]], [[-1.0], [1.0]]])
    ours = mixtures.log_density(points, first)
    for row in range(2):
        expected = np.log([density(point, first, row) for point in points[row, :, 0]])
        np.testing.assert_allclose(ours[row], expected, rtol=1e-9)
    kl, error = mixtures.kl(first, second, 4000, np.random.default_rng(0))
    for row in range(2):

        def integrand(point, row=row):
            p, q = density(point, first, row), density(point, second, row)
            return p * np.log(p / q)

        expected, _ = integrate.quad(integrand, -15, 15, limit=200)
        assert kl[row] == pytest.approx(expected, abs=4 * error[row])
        assert error[row] < 0.02


def test_a_collapsed_mixture_keeps_mean_and_covariance():
    random = np.random.default_rng(1)
    mixture = mixtures.priors(3, 6, random)
    means, covariances = moments(mixture)
    for components in (4, 1):
        smaller = mixtures.collapsed(mixture, components)
        assert smaller.means.shape == (3, components, mixtures.SIZE)
        kept = moments(smaller)
        np.testing.assert_allclose(kept[0], means, atol=1e-9)
        np.testing.assert_allclose(kept[1], covariances, rtol=1e-9, atol=1e-9)
    assert mixtures.collapsed(mixture, 9) is mixture


def moments(mixture):
    weights = np.exp(mixture.log_weights)[..., None]
    mean = (weights * mixture.means).sum(1)
    centred = mixture.means - mean[:, None]
    between = centred[..., None] * centred[:, :, None]
    return mean, (weights[..., None] * (mixture.covariances + between)).sum(1)


def test_two_equal_components_are_the_first_pair_to_be_replaced():
    mixture = on_a_line()
    doubled = mixtures.Mixture(
        *(np.concatenate([values, values[:, 1:2]], axis=1) for values in mixture)
    )
    smaller = mixtures.collapsed(doubled, 3)
    np.testing.assert_allclose(np.sort(smaller.means[..., 0]), np.sort(mixture.means[..., 0]))
    kl, _ = mixtures.kl(doubled, smaller, 200, np.random.default_rng(0))
    np.testing.assert_allclose(kl, 0, atol=1e-12)


def test_priors_are_from_the_meta_prior():
    mixture = mixtures.priors(4000, 2, np.random.default_rng(2))
    assert np.exp(mixture.log_weights).sum(1) == pytest.approx(1)
    # Both parameters of the beta distribution of a weight are 1 / 2.
    assert np.exp(mixture.log_weights).var() == pytest.approx(1 / 8, rel=0.05)
    assert mixture.means.std() == pytest.approx(1, rel=0.02)
    # The mean of a Wishart distribution is its degrees of freedom, 9, times its scale.
    precisions = np.linalg.inv(mixture.covariances[:1000])
    np.testing.assert_allclose(precisions.mean((0, 1)), 9 * np.eye(8), atol=0.5)


def data(components=5):
    LinearGaussian.components = components
    LinearGaussian.rows = 50
    arrays = LinearGaussian.generate(None)
    del LinearGaussian.components
    LinearGaussian.rows = 1000
    return {name: torch.from_numpy(values) for name, values in arrays.items()}


def answer(whole, **settings):
    found = models.model("mixture_answer", samples=300, **settings).learned({}, whole, 1)
    return {name: values.numpy().astype(float) for name, values in found.items()}


def test_answers_are_ordered_and_as_many_components_are_exact():
    whole = data()
    prior, one, two = (
        answer(whole, **settings)["kl"].mean()
        for settings in ({}, {"answer": 2}, {"answer": 2, "components": 2})
    )
    assert prior > one > two > 0
    exact = answer(whole, answer=2, components=5)
    np.testing.assert_allclose(exact["kl"], 0, atol=1e-12)
    assert exact["kl"].shape == (10,)


def test_apart_only_the_weights_are_those_of_the_prior():
    whole = data()
    apart = answer(whole, answer=1)["kl"].mean()
    assert 0 < apart < answer(whole)["kl"].mean()
    # With one component there is no weight to be wrong.
    alone = {**whole, "components": torch.ones(50)}
    alone["log_weight"] = torch.zeros(50, 20)
    np.testing.assert_allclose(answer(alone, answer=1)["kl"], 0, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"answer": 3}, "answer must be 0, 1 or 2"),
        ({"components": 0}, "components must be a whole number from 1"),
        ({"samples": 1}, "samples must be a whole number from 2"),
    ],
)
def test_bad_hyper_parameters_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        models.model("mixture_answer", **settings).check()


def test_a_seed_without_problems_and_no_component_are_errors():
    with pytest.raises(ValueError, match="problems for seeds 0 to 4, not for seed 5"):
        models.model("mixture_answer").learned({}, data(), 5)
    with pytest.raises(ValueError, match="at least 1 component, not 0"):
        mixtures.collapsed(on_a_line(), 0)


def test_scores_are_means_with_errors():
    inferred = {"kl": np.array([0.0, 1.0, 2.0]), "kl_error": np.array([0.3, 0.0, 0.4])}
    scores = mixture_kl.score(SimpleNamespace(inferred=inferred))
    assert (scores["expected_kl"], scores["median_kl"]) == (1, 1)
    assert scores["expected_kl_half_width"] == pytest.approx(1.96 / 3**0.5)
    assert scores["expected_kl_error"] == pytest.approx(1.96 * 0.5 / 3)
