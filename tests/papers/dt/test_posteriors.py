"""Exact posteriors of a variance, and KL divergences from them to mixtures of Gaussians."""

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from facsimile.papers.dt import inverse_gamma
from facsimile.papers.dt.inverse_gamma import Mixture
from facsimile.papers.dt.metrics import posterior_kl

EXACT = np.array([[0.9, 0.3], [2.5, 2.0], [40.0, 7.0]])
MIXTURE = Mixture(
    weights=np.tile([0.3, 0.7], (3, 1)),
    means=np.array([[-1.0, 0.4], [-0.2, 0.5], [-1.8, -1.6]]),
    scales=np.array([[0.8, 1.6], [0.5, 0.9], [0.2, 0.3]]),
)


def test_posterior_is_prior_times_likelihood():
    prior, z = np.array([[3.0, 2.0]]), np.array([1.7])
    [[shape, scale]] = inverse_gamma.posterior(prior, z)
    x = np.array([0.2, 1.0, 4.0])
    joint = stats.invgamma(3.0, scale=2.0).logpdf(x) + stats.norm(0, np.sqrt(x)).logpdf(z[0])
    difference = joint - stats.invgamma(shape, scale=scale).logpdf(x)
    assert np.ptp(difference) < 1e-12


def test_densities_and_quantiles_are_those_of_scipy():
    exact = stats.invgamma(2.5, scale=2.0)
    u = np.array([-1.0, 0.3, 2.0])
    # The density of log x is that of x times x.
    np.testing.assert_allclose(
        inverse_gamma.log_density(u, 2.5, 2.0),
        exact.logpdf(np.exp(u)) + u,
        rtol=1e-12,
    )
    probability = np.array([0.01, 0.5, 0.99])
    quantiles = inverse_gamma.quantile(probability, 2.5, 2.0)
    np.testing.assert_allclose(quantiles, exact.ppf(probability), rtol=1e-9)


def test_kl_is_that_of_adaptive_quadrature():
    def integrand(u, row):
        mixture = Mixture(*(values[row : row + 1] for values in MIXTURE))
        log_p = inverse_gamma.log_density(np.array([u]), *EXACT[row])
        log_q = inverse_gamma.log_mixture(np.array([[u]]), mixture)
        return float((np.exp(log_p) * (log_p - log_q)).item())

    ours = inverse_gamma.kl(EXACT, MIXTURE)
    for row, (low, high) in enumerate([(-6, 40), (-6, 15), (-4, 2)]):
        value, _ = integrate.quad(integrand, low, high, args=(row,), limit=400, epsabs=1e-11)
        assert ours[row] == pytest.approx(value, abs=1e-8)


def test_kl_does_not_change_with_order_of_components_or_unit_of_x():
    reversed_order = Mixture(*(values[:, ::-1] for values in MIXTURE))
    ours = inverse_gamma.kl(EXACT, MIXTURE)
    np.testing.assert_allclose(inverse_gamma.kl(EXACT, reversed_order), ours, rtol=1e-12)
    in_other_unit = EXACT * [1, 3]
    moved = MIXTURE._replace(means=MIXTURE.means + np.log(3))
    np.testing.assert_allclose(inverse_gamma.kl(in_other_unit, moved), ours, rtol=1e-9)


def test_gaussians_have_the_closed_forms_of_their_divergence():
    shape = EXACT[:, 0]
    variance = special.polygamma(1, shape)
    entropy = inverse_gamma.entropy(shape)
    least = 0.5 * np.log(2 * np.pi * np.e * variance) - entropy
    ours = inverse_gamma.kl(EXACT, inverse_gamma.matched(EXACT))
    np.testing.assert_allclose(ours, least, atol=1e-10)
    offset = np.log(shape) - special.digamma(shape) - 0.5 / shape
    of_variational = 0.5 * np.log(2 * np.pi / shape) - entropy
    of_variational += 0.5 * shape * (variance + offset**2)
    ours = inverse_gamma.kl(EXACT, inverse_gamma.variational(EXACT))
    np.testing.assert_allclose(ours, of_variational, atol=1e-10)


def test_variational_gaussian_maximises_the_bound():
    shape, scale = 2.5, 2.0

    def negative_bound(parameters):
        mean, log_scale = parameters
        reciprocal = np.exp(-mean + 0.5 * np.exp(2 * log_scale))
        return shape * mean + scale * reciprocal - log_scale

    best = optimize.minimize(negative_bound, [0.0, 0.0], options={"gtol": 1e-9}).x
    ours = inverse_gamma.variational(np.array([[shape, scale]]))
    assert best[0] == pytest.approx(ours.means.item(), abs=1e-6)
    assert np.exp(best[1]) == pytest.approx(ours.scales.item(), abs=1e-6)


def test_kl_of_prior_is_an_integral():
    prior = np.array([[2.0, 1.5]])
    exact = inverse_gamma.posterior(prior, np.array([1.2]))
    u = np.linspace(-5, 20, 20_001)
    log_p = inverse_gamma.log_density(u, *exact[0])
    ratio = log_p - inverse_gamma.log_density(u, *prior[0])
    expected = integrate.trapezoid(np.exp(log_p) * ratio, u)
    [ours] = inverse_gamma.kl_of_prior(prior, exact)
    assert ours == pytest.approx(expected, abs=1e-9)


def least_kl(
    shape,
    components,
    starts=2,
):
    """Search the least KL of a mixture by L-BFGS, over logits, means and log-scales."""
    exact = np.array([[shape, 1.0]])

    def divergence(parameters):
        logits, means, log_scales = parameters.reshape(3, 1, components)
        weights = special.softmax(logits, 1)
        mixture = Mixture(weights, means, np.exp(log_scales))
        return float(inverse_gamma.kl(exact, mixture)[0])

    middle = inverse_gamma.matched(exact)
    random = np.random.default_rng(0)
    least = []
    for _ in range(starts):
        spread = middle.scales.item() * random.standard_normal(components)
        log_scales = np.full(components, np.log(0.8 * middle.scales.item()))
        start = np.concatenate([np.zeros(components), middle.means.item() + spread, log_scales])
        result = optimize.minimize(divergence, start, options={"maxiter": 500})
        least.append(result.fun)
    return min(least)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [0.75, 2.5])
def test_least_kl_of_two_components(shape):
    least = least_kl(shape, 2)
    [tabulated] = posterior_kl.least_kl(np.array([[shape, 3.0]]), 2)
    assert least == pytest.approx(tabulated, rel=1e-3)


def test_least_kl_between_tabulated_shapes():
    least = least_kl(2.0, 2)
    [interpolated] = posterior_kl.least_kl(np.array([[2.0, 3.0]]), 2)
    assert least == pytest.approx(interpolated, rel=0.01)


def test_more_components_have_a_smaller_least_kl():
    exact = np.array([[shape, 1.0] for shape in posterior_kl.SHAPES])
    one, two, five = (posterior_kl.least_kl(exact, components) for components in (1, 2, 5))
    assert (five < two).all()
    assert (two < one).all()
    assert posterior_kl.least_kl(exact, 3) is None
