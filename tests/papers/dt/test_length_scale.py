"""Exact posteriors of a length scale."""

import numpy as np
import pytest
from scipy import integrate, stats

from facsimile.datasets import DataFile
from facsimile.foundation import discover
from facsimile.papers.dt import length_scale

NAMES = ("prior", "x", "y", "length")


@pytest.fixture(scope="module")
def arrays():
    data = discover.load_class("datasets", "gp_length_scale", DataFile).generate(None)
    return [data[name].astype(float) for name in NAMES]


def test_answers_are_those_of_adaptive_quadrature(arrays):
    [prior], [x], [y], [drawn] = (values[:1] for values in arrays)
    exact = stats.invgamma(prior[0], scale=prior[1])

    def joint(length, points):
        covariance = length_scale.covariance(x[None], np.array([length]))[0]
        observed = stats.multivariate_normal(cov=covariance[:points, :points])
        return exact.pdf(length) * observed.pdf(y[:points])

    low, high = exact.ppf([1e-10, 1 - 1e-10])
    evidence, _ = integrate.quad(joint, low, high, args=(5,))
    with_target, _ = integrate.quad(joint, low, high, args=(6,))
    ours = length_scale.answers(*(values[:1] for values in arrays))
    assert ours.prior.item() == pytest.approx(-exact.logpdf(drawn))
    assert ours.posterior.item() == pytest.approx(-np.log(joint(drawn, 5) / evidence), abs=1e-6)
    assert ours.predictive.item() == pytest.approx(-np.log(with_target / evidence), abs=1e-6)


@pytest.mark.slow
def test_a_posterior_is_better_than_its_prior(arrays):
    ours = length_scale.answers(*arrays)
    gain = ours.prior - ours.posterior
    # By the information inequality, for problems that are drawn from the model.
    assert gain.mean() > 2 * gain.std() / np.sqrt(len(gain))
