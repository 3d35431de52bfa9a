"""Answers for a length scale: SVI's optimum, draws, kernel density estimates, discrepancies."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from facsimile.datasets import DataFile
from facsimile.foundation import discover
from facsimile.papers.dt import length_posterior
from facsimile.papers.dt.metrics import length_answer

ROWS = 5


@pytest.fixture(scope="module")
def exact():
    data = discover.load_class("datasets", "gp_length_scale", DataFile).generate(None)
    prior, x, y = (data[name][:ROWS].astype(float) for name in ("prior", "x", "y"))
    return length_posterior.posterior(prior, x, y)


def test_no_gaussian_has_a_higher_bound_than_the_best(exact):
    means, scales = length_posterior.best_gaussian(exact)
    places = length_posterior.PLACES
    for row in range(ROWS):
        log_density = exact.log_density[row]

        def minus_bound(point, log_density=log_density):
            mean, log_scale = point
            density = stats.norm.pdf(places, mean, np.exp(log_scale))
            return -integrate.trapezoid(density * log_density, places) - log_scale

        found = optimize.minimize(minus_bound, [0.0, 0.0]).x
        expected = exact.middle[row] + exact.deviation[row] * found[0]
        assert means[row] == pytest.approx(expected, abs=1e-5)
        assert scales[row] == pytest.approx(exact.deviation[row] * np.exp(found[1]), rel=1e-4)


def test_draws_have_the_posterior_distribution(exact):
    probabilities = np.array([0.05, 0.5, 0.95])
    drawn = length_posterior.draw(exact, np.tile(probabilities, (ROWS, 1)))
    z = (np.log(drawn) - exact.middle[:, None]) / exact.deviation[:, None]
    density = np.exp(exact.log_density)
    assert density.sum(1) * length_posterior.STEP == pytest.approx(np.ones(ROWS))
    cumulative = integrate.cumulative_simpson(density, x=length_posterior.PLACES, initial=0)
    for row in range(ROWS):
        ours = np.interp(z[row], length_posterior.PLACES, cumulative[row])
        assert ours == pytest.approx(probabilities, abs=2e-3)


def test_kernel_density_estimates_are_scipys():
    drawn = np.random.default_rng(0).gamma(3, size=(2, 50))
    length = np.array([1.0, 4.0])
    expected = [
        stats.gaussian_kde(row).logpdf(point)[0] for row, point in zip(drawn, length, strict=True)
    ]
    assert length_posterior.log_of_kernels(length, drawn) == pytest.approx(expected)


def test_discrepancy_is_that_of_all_pairs():
    first, second = np.array([0.0, 1.0, 3.0]), np.array([2.0, 5.0])
    width = 2.0  # median of 1, 3, 2, 3, 2, 5, 1, 4, 1, 2

    def kernel(one, other):
        return np.exp(-0.5 * ((one - other) / width) ** 2)

    within_first = (kernel(0, 1) + kernel(0, 3) + kernel(1, 3)) / 3
    between = sum(kernel(one, other) for one in first for other in second) / 6
    expected = within_first + kernel(2, 5) - 2 * between
    assert length_answer.squared(first, second) == pytest.approx(expected)
