"""Fractional Brownian motion and its Markov approximation: integrals computed in another way."""

import numpy as np
import pytest
from scipy import integrate, special

from facsimile.statistics import fractional_brownian as fractional

HORIZON = 6.0
KINDS = (1, 2)


def kernel(kind, hurst, t, s):
    """The motion at t is the integral of this over s."""
    power = hurst - 0.5
    after = np.where(s < t, np.abs(t - s) ** power, 0.0)
    before = np.where(s < 0, np.abs(s) ** power, 0.0) if kind == 1 else 0.0
    return (after - before) / special.gamma(hurst + 0.5)


def product(kind, function, t):
    """The integral of a function of s over the past of t, in pieces at its singular points."""
    value, _ = integrate.quad(function, 0, t, limit=200)
    if kind == 1:
        value += integrate.quad(function, -1, 0, limit=200)[0]
        value += integrate.quad(function, -np.inf, -1, limit=200)[0]
    return value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.7])
def test_covariances_are_integrals_of_the_kernel(kind, hurst):
    def integrand(s):
        return kernel(kind, hurst, 0.6, s) * kernel(kind, hurst, 2.0, s)

    found = fractional.covariance(kind, hurst, [0.6, 2.0])
    assert found[0, 1] == pytest.approx(product(kind, integrand, 0.6), rel=1e-4)
    assert found[0, 1] == found[1, 0]


def test_half_is_brownian_motion_and_type_one_scales():
    times = np.array([0.0, 0.5, 2.0])
    for kind in KINDS:
        found = fractional.covariance(kind, 0.5, times)
        np.testing.assert_allclose(found, np.minimum.outer(times, times), atol=1e-12)
    unit = fractional.covariance(1, 0.8, times) / fractional.scale(0.8)
    assert unit[2, 2] == pytest.approx(2**1.6)
    assert unit[1, 2] == pytest.approx((0.5**1.6 + 2**1.6 - 1.5**1.6) / 2)
    # A definition of type II without its series.
    assert fractional.covariance(2, 0.8, [2.0])[0, 0] == pytest.approx(
        2**1.6 / (1.6 * special.gamma(1.3) ** 2)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_normal_equations_are_integrals(kind):
    """A from the covariance of each pair of processes, b from the kernel."""
    hurst, gammas = 0.7, fractional.speeds(3, 5.0)
    matrix, vector = fractional.normal_equations(kind, hurst, gammas, HORIZON)

    def squared(t, omega):
        return fractional.markov_covariance(kind, omega, gammas, [t])[0, 0]

    for omega in np.array([[1.0, 0.0, 0.0], [0.3, -1.0, 2.0]]):
        total, _ = integrate.quad(squared, 0, HORIZON, args=(omega,))
        assert omega @ matrix @ omega == pytest.approx(total, rel=1e-8)

    def with_motion(t):
        def integrand(s):
            own = np.exp(-gammas[1] * (t - s)) - (np.exp(gammas[1] * s) if s < 0 else 0.0)
            return own * kernel(kind, hurst, t, s)

        return product(kind, integrand, t)

    nodes, weights = np.polynomial.legendre.leggauss(16)
    times = HORIZON * (nodes + 1) / 2
    total = HORIZON / 2 * sum(w * with_motion(t) for t, w in zip(times, weights, strict=True))
    assert vector[1] == pytest.approx(total, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hurst", [0.1, 0.5, 0.9])
def test_no_other_coefficients_cost_less_and_more_processes_never_more(kind, hurst):
    gammas = fractional.speeds(5, 20.0)
    best = fractional.coefficients(kind, hurst, gammas, HORIZON)
    least = fractional.cost(kind, hurst, gammas, HORIZON, best)
    assert least > -1e-9
    random = np.random.default_rng(0)
    for _ in range(5):
        other = best + 0.1 * random.standard_normal(5)
        assert fractional.cost(kind, hurst, gammas, HORIZON, other) > least
    # 9 geometric speeds have the 5 among them.
    finer = fractional.speeds(9, 20.0)
    np.testing.assert_allclose(finer[::2], gammas, rtol=1e-12)
    more = fractional.coefficients(kind, hurst, finer, HORIZON)
    assert fractional.cost(kind, hurst, finer, HORIZON, more) < least + 1e-9


def test_five_processes_are_brownian_motion_of_type_two_but_not_of_type_one():
    """Type I needs processes that are slower than 1/20."""
    gammas = fractional.speeds(5, 20.0)
    costs = []
    for kind in KINDS:
        best = fractional.coefficients(kind, 0.5, gammas, HORIZON)
        costs.append(fractional.cost(kind, 0.5, gammas, HORIZON, best))
    assert costs[1] == pytest.approx(3.0e-5, rel=0.01)
    assert costs[0] == pytest.approx(0.218, abs=0.001)


def test_interpolation_over_many_speeds_becomes_the_exact_integral():
    """Carmona & Coutin 1998: with dense speeds of a wide range, the cost vanishes."""
    for hurst in (0.3, 0.7):
        costs = []
        for number, largest in ((5, 20.0), (40, 1e3), (160, 1e5)):
            gammas = fractional.speeds(number, largest)
            omega = fractional.riemann_coefficients(hurst, gammas)
            costs.append(fractional.cost(2, hurst, gammas, HORIZON, omega))
        assert costs[0] > 4 * costs[1] > 16 * costs[2] > 0


def test_scaled_incomplete_gamma_function_has_no_seam_and_does_not_overflow():
    x = np.array([29.999, 30.001])
    below, above = fractional.scaled_upper_gamma(0.7, x)
    assert above == pytest.approx(below, rel=1e-4)
    direct = special.gammaincc(1.4, 100.0) * np.exp(100.0)
    assert fractional.scaled_upper_gamma(1.4, np.array([100.0]))[0] == pytest.approx(direct, 1e-10)
    assert np.isfinite(fractional.scaled_upper_gamma(0.7, np.array([1e4]))).all()


def test_impossible_arguments_are_refused():
    for function, message in (
        (lambda: fractional.scale(1.0), "Hurst index is between 0 and 1"),
        (lambda: fractional.covariance(3, 0.5, [1.0]), "type is 1 or 2"),
        (lambda: fractional.speeds(0, 20.0), "0 speeds"),
        (lambda: fractional.riemann_coefficients(0.3, np.ones(1)), "two speeds"),
    ):
        with pytest.raises(ValueError, match=message):
            function()
