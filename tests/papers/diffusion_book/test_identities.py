"""The identities hold on the exact law, and fail where a side of them is wrong."""

from functools import partial

import numpy as np
import pytest

from facsimile.papers.diffusion_book import bounds, flows, identities, laws
from facsimile.statistics.diffusion import samplers
from facsimile.statistics.diffusion.gaussian_mixture import GaussianMixture

EXACT = (
    identities.tweedie,
    identities.conversions,
    identities.loss_weights,
    identities.velocity,
    identities.continuity,
    identities.fokker_planck,
    identities.ddim_is_euler,
    identities.ddim_is_dpm_solver_1,
    identities.ancestral_is_ddim,
)


@pytest.fixture(scope="module")
def x():
    return laws.planar().sample(50, np.random.default_rng(3))[0]


@pytest.mark.parametrize("identity", EXACT, ids=lambda identity: identity.__name__)
def test_algebraic_identities_are_exact(identity, x):
    assert identity(x) < 1e-12


def test_the_score_is_the_gradient(x):
    assert identities.score(x) < 1e-8


@pytest.mark.parametrize("identity", [identities.continuity, identities.fokker_planck])
def test_a_score_that_is_a_little_wrong_breaks_the_equations(identity, x, monkeypatch):
    exact = GaussianMixture.score
    monkeypatch.setattr(GaussianMixture, "score", lambda law, x: 1.001 * exact(law, x))
    assert identity(x) > 1e-4


def test_half_of_the_noise_is_not_ddpm(x):
    half = partial(samplers.ddim, eta=0.5)
    assert identities._steps_differ(x, samplers.ancestral, half) > 0.1


def test_ddpm_s_variances_are_bounds_only_for_variances_up_to_1(monkeypatch):
    assert identities.reverse_variance() == 0
    # Data with more variance leave more of it than β.
    monkeypatch.setattr(laws, "variances", lambda: np.array([0.5, 1.0]))
    assert identities.reverse_variance() < 1e-15


def test_flows_are_maps_in_closed_form():
    assert flows.gaussian_flow() < 1e-7
    assert flows.monotone_map() < 1e-7


def test_a_flow_in_two_pieces_and_its_likelihood(x):
    assert flows.semigroup(x[:10]) < 1e-6
    by_flow, exact = flows.likelihood(x[:10])
    assert by_flow == pytest.approx(exact, abs=1e-8)


def test_the_error_by_quadrature_is_that_of_draws():
    t = 0.4
    a, s = bounds.VariancePreserving().a(t), bounds.VariancePreserving().s(t)
    draws = laws.planar().sample(40_000, np.random.default_rng(0))[0]
    noisy, _ = identities.noised_points(draws, bounds.VariancePreserving(), t)
    squared = np.square(draws - laws.planar().denoise(noisy, a, s)).sum(1)
    standard_error = squared.std() / 200
    ours = bounds.mean_squared_error(bounds.VariancePreserving(), t)
    assert ours == pytest.approx(squared.mean(), abs=4 * standard_error)


def test_the_bound_rises_to_the_likelihood_as_steps_grow():
    few, more = bounds.gap(5), bounds.gap(20)
    assert few > more > 0
    # The gap falls at least as the inverse of the number of steps.
    assert few / more > 4


@pytest.mark.slow
def test_the_loss_is_information_and_depends_on_the_ends_alone():
    assert bounds.information_gain() < 1e-5
    assert bounds.schedule_invariance() < 1e-10
