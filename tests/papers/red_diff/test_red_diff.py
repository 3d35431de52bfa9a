"""Inverse problems with an exact prior: posteriors, denoisers, stationary points, and methods."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from facsimile import models
from facsimile.models.base import algorithm
from facsimile.papers.red_diff import inverse as problems
from facsimile.papers.red_diff import schedules, stein
from facsimile.papers.red_diff.datasets.linear_inverse import MEMBERS, LinearInverse
from facsimile.papers.red_diff.models import _guided
from facsimile.statistics.diffusion.gaussian_mixture import GaussianMixture

A, S = 0.6, 0.8


def data(name):
    return type("Member", (LinearInverse,), MEMBERS[name]).generate(None)


@pytest.fixture(scope="module")
def fading():
    return problems.inverse(data("inverse_a1_20"))


@pytest.fixture(scope="module")
def repeated():
    return problems.inverse(data("inverse_a2_50"))


@pytest.fixture(scope="module")
def gaussian():
    return problems.inverse(data("inverse_gaussian"))


def ran(model, name, seed=0):
    problem = model.problem(data(name))
    progress = algorithm.begin(model, problem, seed)
    for _ in algorithm.advance(model, problem, seed, 10_000, progress):
        pass
    return problem, progress.state


def test_the_problems_are_those_of_the_peer(fading, repeated):
    assert fading.matrix.shape == (14, 16)
    np.testing.assert_allclose(np.diag(fading.matrix[:, 2:]), np.arange(2, 16) * 0.05)
    assert fading.hidden.tolist() == [True] * 2 + [False] * 14
    assert repeated.matrix.shape == (12, 16)
    np.testing.assert_allclose(repeated.matrix.T @ repeated.matrix, np.diag([3] * 4 + [0] * 12))
    assert (fading.deviation, repeated.deviation) == (0.2, 0.5)
    assert fading.prior.weights.tolist() == [0.8, 0.2]
    np.testing.assert_allclose(fading.prior.covariances[1, :3, :3], np.diag([2, 2, 1]), atol=2e-6)
    assert fading.prior.means[1].tolist() == [3, 3] + [0] * 14


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_the_posterior_is_prior_times_likelihood(name):
    """Log p(x | y) - log p(x) - log p(y | x) is the same number for all x."""
    problem = problems.inverse(data(name))
    random = np.random.default_rng(0)
    observation = problem.observe(random)
    points = problem.truth + random.normal(size=(20, 16))
    misfits = points @ problem.matrix.T - observation
    likelihood = stats.norm.logpdf(misfits, scale=problem.deviation).sum(1)
    posterior = problem.posterior(observation).log_density(points)
    evidence = problem.prior.log_density(points) + likelihood - posterior
    np.testing.assert_allclose(evidence, evidence[0], rtol=1e-10)
    # The evidence itself, from the law of y.
    of_components = [
        stats.multivariate_normal.logpdf(
            observation,
            problem.matrix @ mean,
            problem.matrix @ spread @ problem.matrix.T
            + problem.deviation**2 * np.eye(len(problem.matrix)),
        )
        for mean, spread in zip(problem.prior.means, problem.prior.covariances, strict=True)
    ]
    expected = np.logaddexp.reduce(np.log(problem.prior.weights) + of_components)
    assert evidence[0] == pytest.approx(expected, rel=1e-10)


def test_the_predicted_noise_is_minus_s_times_the_score(fading):
    """By central differences of the log-density of the noisy marginal."""
    random = np.random.default_rng(1)
    x = random.normal(size=(5, 16)) + 1
    predicted = (x - A * fading.prior.denoise(x, A, S)) / S
    law, step = fading.prior.noised(A, S), 1e-5
    for j in range(16):
        shift = step * np.eye(16)[j]
        slope = (law.log_density(x + shift) - law.log_density(x - shift)) / (2 * step)
        np.testing.assert_allclose(predicted[:, j], -S * slope, atol=1e-8)


def test_the_derivative_of_the_denoiser_by_finite_differences(gaussian, fading):
    random = np.random.default_rng(2)
    x, vectors = random.normal(size=(2, 4, 16)) + 0.7
    for problem in (gaussian, fading):
        exact = problems.denoiser_product(problem.prior, x, vectors, A, S)
        shift = 1e-5 * vectors
        ends = [problem.prior.denoise(x + sign * shift, A, S) for sign in (1, -1)]
        np.testing.assert_allclose(exact, (ends[0] - ends[1]) / 2e-5, atol=1e-8)


def test_schedules():
    """β from 1e-4 to 0.02 by hand; the continuous one has the same ends within a tenth."""
    alphas = schedules.linear(1000)
    betas = np.linspace(1e-4, 0.02, 1000)
    assert alphas[-1] == pytest.approx(1 - 1e-4)
    assert alphas[0] == pytest.approx(np.exp(np.log1p(-betas).sum()))
    assert schedules.linear(2).tolist() == [alphas[0], alphas[-1]]
    continuous = schedules.continuous(1000)
    assert continuous[0] == pytest.approx(np.exp(-10.05))
    assert continuous[0] == pytest.approx(alphas[0], rel=0.1)
    assert (np.diff([alphas, continuous]) > 0).all()


@pytest.mark.parametrize(("form", "weight"), [(0, 0.25), (1, 1), (2, 4), (3, 1), (4, 0.25)])
def test_the_mean_gradient_vanishes_at_the_stationary_point(gaussian, form, weight):
    """The mean over noise is found without drawing: the gradient is linear in it."""
    model = models.model("red_diff", form=form, weight=weight)
    observation = gaussian.observe(np.random.default_rng(3))
    point = model.stationary(gaussian, observation)
    # The gradient is affine in the noise, so that it has its mean at ε = 0.
    slopes = [
        model.slope(gaussian, point[None], observation, alpha, np.zeros((1, 16)))[0]
        for alpha in model._all_alphas(schedules.TIMES)
    ]
    assert np.abs(np.mean(slopes, 0)).max() < 1e-12
    assert np.abs(slopes).max() > 1e-3, "at single times it does not vanish"
    mean = gaussian.posterior(observation).mean
    assert np.abs(point - mean).max() > 0.05, "it is not the mean of the posterior"


def test_the_stationary_point_of_a_standard_normal_prior_by_hand(fading):
    """S = I, m = 0: (2 g² + λ (1 - mean ᾱ)) μ = 2 g y in each coordinate."""
    prior = GaussianMixture(np.ones(1), np.zeros((1, 16)), np.eye(16)[None])
    problem = dataclasses.replace(fading, prior=prior)
    observation = problem.observe(np.random.default_rng(4))
    gains = np.arange(2, 16) * 0.05
    pull = 0.25 * (1 - schedules.linear(1000).mean())
    expected = np.append(np.zeros(2), 2 * gains * observation / (2 * gains**2 + pull))
    point = models.model("red_diff", form=2).stationary(problem, observation)
    np.testing.assert_allclose(point, expected, atol=1e-12)


def test_a_weight_that_depends_on_the_noise_makes_it_the_posterior_mean(fading):
    """S = I: 2 gᵢ² + λ c = 0 is gᵢ² / σ² + 1 = 0 for λ = 2 σ² / c, c = 1 - mean ᾱ."""
    prior = GaussianMixture(np.ones(1), np.full((1, 16), 0.3), np.eye(16)[None])
    share = 1 - schedules.linear(1000).mean()
    for deviation in (0.2, 0.5):
        problem = dataclasses.replace(fading, prior=prior, deviation=deviation)
        observation = problem.observe(np.random.default_rng(5))
        model = models.model("red_diff", form=2, weight=2 * deviation**2 / share)
        point = model.stationary(problem, observation)
        np.testing.assert_allclose(point, problem.posterior(observation).mean, atol=1e-12)


def test_with_means_the_weight_depends_on_the_numbers_of_observations_and_unknowns(gaussian):
    """The release's λ is the text's 2 λ m / n, with 14 observations and 16 unknowns."""
    observation = gaussian.observe(np.random.default_rng(6))
    means = models.model("red_diff", form=4, weight=0.25).stationary(gaussian, observation)
    sums = models.model("red_diff", form=2, weight=0.5 * 14 / 16)
    np.testing.assert_allclose(sums.stationary(gaussian, observation), means, atol=1e-12)


def test_a_mixture_has_no_stationary_point_in_closed_form(fading):
    with pytest.raises(ValueError, match="only a Gaussian prior"):
        models.model("red_diff").stationary(fading, np.zeros(14))


@pytest.mark.slow
def test_red_diff_comes_to_rest_at_the_stationary_point():
    model = models.model("red_diff", form=2, rate=0.02, steps=3000, samples=100, weight=1)
    problem, state = ran(model, "inverse_gaussian")
    inferred = model.result(problem, state)
    assert np.abs(inferred["centre"] - inferred["stationary"]).max() < 0.006
    mean = problem.posterior(inferred["observation"]).mean
    assert np.abs(inferred["centre"] - mean).max() > 0.1


def test_the_first_step_of_the_release_by_hand(fading):
    """Means of both terms, half of the first: Adam's first step is the rate times the sign."""
    model = models.model("red_diff", samples=3, weight=0.5)
    random = np.random.default_rng(5)
    x, noise = random.normal(size=(2, 3, 16))
    observation = fading.observe(random)
    alpha = 0.3
    noisy = np.sqrt(alpha) * x + np.sqrt(0.7) * noise
    predicted = -np.sqrt(0.7) * fading.prior.noised(np.sqrt(alpha), np.sqrt(0.7)).score(noisy)

    def loss(points):
        misfits = observation - points @ fading.matrix.T
        of_prior = ((predicted - noise) * points).mean(1)
        return np.square(misfits).mean(1) / 2 + 0.5 * np.sqrt(0.7 / 0.3) * of_prior

    slope = model.slope(fading, x, observation, alpha, noise)
    for j in range(16):
        shift = 1e-6 * np.eye(16)[j]
        expected = (loss(x + shift) - loss(x - shift)) / 2e-6
        np.testing.assert_allclose(slope[:, j], expected, atol=1e-8)
    problem, state = ran(models.model("red_diff", samples=3, steps=1), "inverse_a1_20")
    moves = state["x"] - problem.inverse @ state["observation"]
    np.testing.assert_allclose(np.abs(moves), 0.1, rtol=1e-3)


def test_without_prior_red_diff_is_least_squares():
    model = models.model("red_diff", form=1, weight=0, rate=0.02, samples=2, steps=1000)
    problem, state = ran(model, "inverse_a1_20")
    expected = problem.inverse @ state["observation"]
    np.testing.assert_allclose(state["x"], np.tile(expected, (2, 1)), atol=2e-3)
    # The release starts there, where only rounding is left of the gradient.
    start = models.model("red_diff", weight=0, samples=2)
    x = np.tile(expected, (2, 1))
    slope = start.slope(problem, x, state["observation"], 0.5, np.zeros((2, 16)))
    assert np.abs(slope).max() < 1e-15


def test_methods_with_the_same_seed_are_given_the_same_observation():
    seen = []
    for name in ("exact_posterior", "least_squares", "red_diff", "dps", "pigdm", "ddrm"):
        model = models.model(name, samples=2)
        state = algorithm.begin(model, model.problem(data("inverse_a2_20")), 7).state
        seen.append(state["observation"])
    assert all(np.array_equal(seen[0], other) for other in seen)
    other = ran(models.model("least_squares"), "inverse_a2_20", 8)[1]["observation"]
    assert not np.array_equal(seen[0], other)


def test_an_ancestral_step_of_one_point_has_the_moments_of_bayes():
    """x_s given x_t and x_0, from the joint law of x_s and x_t given x_0."""
    alpha, following, clean = 0.2, 0.5, np.array([[1.5]])
    kept = alpha / following
    x = np.array([[0.3]])
    joint = np.array([[1 - following, np.sqrt(kept) * (1 - following)], [0, 1 - alpha]])
    gain = joint[0, 1] / joint[1, 1]
    mean = np.sqrt(following) * clean + gain * (x - np.sqrt(alpha) * clean)
    variance = joint[0, 0] - gain * joint[0, 1]
    ends = [_guided.ancestral(x, clean, alpha, following, z * np.ones((1, 1))) for z in (-1, 1)]
    np.testing.assert_allclose((ends[0] + ends[1]) / 2, mean)
    np.testing.assert_allclose((ends[1] - ends[0]) / 2, np.sqrt(variance))


def test_guidance_of_dps_is_the_gradient_of_its_likelihood(fading):
    """Both lengths, by central differences in x_t."""
    random = np.random.default_rng(6)
    x, observation = random.normal(size=(3, 16)), fading.observe(random)
    state = {"x": x, "observation": observation}
    clean = fading.prior.denoise(x, A, S)

    def misfits(points):
        return observation - fading.prior.denoise(points, A, S) @ fading.matrix.T

    likelihood, nothing = models.model("dps", length=0).guide(fading, state, clean, A, S)
    same, step = models.model("dps", length=0.3).guide(fading, state, clean, A, S)
    assert nothing == 0.0
    assert same is clean
    size = np.sqrt(np.square(misfits(x)).sum(1))
    for j in range(16):
        shift = 1e-5 * np.eye(16)[j]
        squares = [np.square(misfits(x + sign * shift)).sum(1) for sign in (1, -1)]
        slope = (squares[0] - squares[1]) / 2e-5
        np.testing.assert_allclose(step[:, j], -0.3 * slope / size, atol=1e-7)
        pulled = (likelihood - clean)[:, j] * A / S**2
        np.testing.assert_allclose(pulled, -slope / (2 * fading.deviation**2), atol=1e-5)


def test_pigdm_has_the_exact_score_where_the_prior_is_standard_normal(fading):
    """p(y | x_t) for A1: observed coordinates are standard normal, so that it is known."""
    random = np.random.default_rng(7)
    x, observation = random.normal(size=(3, 16)), fading.observe(random)
    clean = fading.prior.denoise(x, A, S)
    state = {"x": x, "observation": observation}
    guided, _ = models.model("pigdm").guide(fading, state, clean, A, S)
    # The noisy marginal of the posterior has the score of the guided prediction.
    law = fading.posterior(observation).noised(A, S)
    np.testing.assert_allclose((A * guided - x) / S**2, law.score(x), rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_ddrm_returns_the_observation_where_it_has_no_noise():
    """All of H is invertible and σ is tiny: H⁺ y, whatever the prior."""
    full = data("inverse_a1_20")
    full["matrix"] = np.diag(np.linspace(0.5, 2, 16)).astype(np.float32)[None]
    full["deviation"] = np.full(1, 1e-5, np.float32)
    model = models.model("ddrm", samples=20, steps=100)
    problem = model.problem(full)
    progress = algorithm.begin(model, problem, 0)
    for _ in algorithm.advance(model, problem, 0, 100, progress):
        pass
    state = progress.state
    expected = problem.inverse @ state["observation"]
    # The last prediction is denoised with ᾱ = 1 - 1e-4 from samples at the observation.
    np.testing.assert_allclose(state["x"], np.tile(expected, (20, 1)), atol=0.05)
    seen = state["x"] @ problem.matrix.T - state["observation"]
    assert np.sqrt(np.square(seen).mean()) < 0.02


def test_ddrm_without_fresh_noise_samples_the_prior_where_nothing_is_observed():
    """Coordinates 1 and 2 of A1. η = 0 is the probability flow; η = 1 loses the second mode."""
    weights = []
    for eta in (0, 1):
        model = models.model("ddrm", samples=400, steps=150, eta=eta)
        problem, state = ran(model, "inverse_a1_50")
        law = problem.posterior(state["observation"])
        weights.append(law.responsibilities(state["x"])[:, 1].mean())
    assert weights[0] == pytest.approx(0.2, abs=0.06)
    assert weights[1] < 0.1


@pytest.mark.slow
def test_pigdm_is_exact_and_red_diff_and_ddrm_are_narrow_under_a1():
    found = {}
    for name, values in (("pigdm", {}), ("red_diff", {}), ("ddrm", {})):
        problem, state = ran(models.model(name, samples=200, steps=400, **values), "inverse_a1_20")
        law = problem.posterior(state["observation"])
        _, unbiased = stein.discrepancies(state["x"], law, stein.scale(problem))
        ratio = state["x"].std(0) / np.sqrt(np.diag(problems.covariance(law)))
        found[name] = unbiased, ratio[2:].mean()
    discrepancy, spread = found["pigdm"]
    assert abs(discrepancy) < 0.1
    assert spread == pytest.approx(1, abs=0.08)
    for name, least in (("red_diff", 5), ("ddrm", 1)):
        discrepancy, spread = found[name]
        assert discrepancy > least
        assert spread < 0.5


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("red_diff", {"form": 5}, "form must be one of 0 release"),
        ("red_diff", {"rate": 0}, "rate must be above 0"),
        ("red_diff", {"weight": -1}, "weight must be 0 or more"),
        ("red_diff", {"samples": 1}, "samples must be a whole number from 2"),
        ("ddrm", {"eta": 1.5}, "eta must be from 0 to 1"),
        ("dps", {"length": -1}, "length must be 0 or more"),
        ("pigdm", {"steps": 0.5}, "steps must be a whole number from 1"),
    ],
)
def test_impossible_hyper_parameters_are_refused(name, values, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **values)
