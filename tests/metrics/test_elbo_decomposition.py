"""The three parts of the KL: closed forms, identities, and the authors' code."""

import numpy as np
import pytest
from project import GOLDENS

from facsimile.metrics import _mixtures, elbo_decomposition
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.gaussian import Posterior

PAPER, CODE = elbo_decomposition.CONVENTIONS
NAMES = ("mi", "tc", "dwkl", "kl")


def scored(codes, log_variances, convention=PAPER, n=2000, seed=0):
    codes = np.asarray(codes, np.float32)
    factors = np.arange(len(codes))[:, None] % 2
    outputs = base_draws.ModelOutputs(
        log_variances=np.broadcast_to(np.float32(log_variances), codes.shape)
    )
    draws = base_draws.from_table(codes, factors, n, 10, seed, outputs, sampling="replacement")
    return elbo_decomposition.score(draws, convention)


@pytest.mark.parametrize("convention", [PAPER, CODE])
def test_the_parts_add_up_to_the_kl(convention):
    rng = np.random.default_rng(0)
    scores = scored(rng.normal(size=(500, 3)), rng.normal(size=(500, 3)) - 2, convention)
    assert scores["mi"] + scores["tc"] + scores["dwkl"] == pytest.approx(scores["kl"], abs=1e-6)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_the_total_correlation_of_a_gaussian(correlation):
    """A linear encoder of Gaussian data: TC = −½ log(1 − ρ²), and the marginals are the prior."""
    variance = 0.05
    covariance = np.array([[1, correlation], [correlation, 1]]) - variance * np.eye(2)
    means = np.random.default_rng(0).multivariate_normal([0, 0], covariance, 4000)
    scores = scored(means, np.log(variance))
    theory = -0.5 * np.log(1 - correlation**2)
    assert scores["tc"] == pytest.approx(theory, abs=3 * scores["tc_error"] + 0.03)
    assert scores["dwkl"] == pytest.approx(0, abs=0.01)
    # I(z; n) = H(z) − H(z|n) = ½ log det Σ − log σ².
    information = -theory - np.log(variance)
    assert scores["mi"] == pytest.approx(information, abs=3 * scores["tc_error"] + 0.05)


def test_two_groups_of_images_are_one_bit():
    """Both latents tell which of two groups an image is of: I = TC = log 2."""
    codes = np.repeat([-9.0, 9.0], 400)[:, None] * np.ones((1, 2))
    scores = scored(codes, 0.0)
    assert scores["mi"] == pytest.approx(np.log(2), abs=1e-4)
    assert scores["tc"] == pytest.approx(np.log(2), abs=1e-4)
    # Each latent: KL of two normals at ±9 from the prior is 81/2 less the bit.
    assert scores["dwkl"] == pytest.approx(2 * (40.5 - np.log(2)), abs=1e-4)


def test_a_perfect_code_of_a_grid_has_all_information_and_no_dependence():
    grid = np.indices((3, 4, 5, 6)).reshape(4, -1).T
    scores = scored(grid, -10.0)
    assert scores["mi"] == pytest.approx(np.log(360), abs=1e-3)
    assert scores["tc"] == pytest.approx(0, abs=1e-3)


def test_a_collapsed_posterior_has_nothing():
    scores = scored(np.zeros((300, 4)), 0.0)
    assert [scores[name] for name in NAMES] == pytest.approx([0, 0, 0, 0], abs=1e-5)


def test_order_and_sign_of_latents_do_not_matter_and_a_dead_one_adds_nothing():
    rng = np.random.default_rng(0)
    means, logs = rng.normal(size=(400, 3)), rng.normal(size=(400, 3)) - 2
    scores = scored(means, logs, n=4000)
    turned = scored(-means[:, ::-1], logs[:, ::-1], n=4000)
    extended = scored(np.c_[means, np.zeros(400)], np.c_[logs, np.zeros(400)], n=4000)
    for other in (turned, extended):
        # Other samples of the same posteriors.
        error = 4 * np.hypot(scores["tc_error"], other["tc_error"])
        assert other["tc"] == pytest.approx(scores["tc"], abs=error)
        assert other["dwkl"] == pytest.approx(scores["dwkl"], abs=1e-4)
        assert other["kl"] == pytest.approx(scores["kl"], abs=1e-6)


def test_the_standard_error_is_that_of_repeated_samples():
    rng = np.random.default_rng(0)
    means, logs = rng.normal(size=(200, 2)), np.full((200, 2), -3.0)
    repeats = [scored(means, logs, n=300, seed=seed) for seed in range(40)]
    spread = np.std([scores["tc"] for scores in repeats], ddof=1)
    estimated = np.mean([scores["tc_error"] for scores in repeats])
    # A standard deviation of 40 values has an error of 11 %.
    assert spread == pytest.approx(estimated, rel=0.35)


def test_the_authors_code_has_the_same_parts():
    path = GOLDENS / "elbo_decomposition" / "beta_tcvae_768.npz"
    with np.load(path, allow_pickle=False) as file:
        golden = dict(file)
    runs = [
        scored(golden["means"], golden["log_variances"], CODE, n=768, seed=seed)
        for seed in range(40)
    ]
    ours = np.array([[run[name] for name in NAMES] for run in runs])
    error = np.hypot(ours.std(axis=0, ddof=1) / np.sqrt(len(runs)), golden["error"])
    assert (np.abs(ours.mean(axis=0) - golden["mean"]) < 4 * error + 1e-5).all()


def test_integrated_marginals_have_the_expectation_of_sampled_ones_and_no_noise():
    path = GOLDENS / "elbo_decomposition" / "beta_tcvae_768.npz"
    with np.load(path, allow_pickle=False) as file:
        golden = dict(file)
    values = [
        scored(golden["means"], golden["log_variances"], PAPER, n=300, seed=seed)["dwkl"]
        for seed in range(2)
    ]
    assert values[0] == values[1]
    assert values[0] == pytest.approx(golden["mean"][2], abs=4 * golden["error"][2])


def test_log_density_is_the_plain_sum_over_images():
    rng = np.random.default_rng(0)
    means, logs = 5 + rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    z = 5 + rng.normal(size=(7, 3))
    density = np.exp(-((z[:, None] - means) ** 2) / (2 * np.exp(logs)))
    density /= np.sqrt(2 * np.pi * np.exp(logs))
    expected = np.log(density.prod(axis=2).mean(axis=1))
    q = Posterior(means, logs, np.arange(50))
    np.testing.assert_allclose(elbo_decomposition.log_aggregate(z, q), expected, rtol=1e-10)


@pytest.mark.parametrize("gap", [0.0, 1e5])
def test_log_densities_of_a_mixture_are_those_of_direct_summation(gap):
    """With a gap so wide that the grid leaves it out, too."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=200) + gap * (np.arange(200) % 2)
    variances = np.exp(rng.uniform(-4, 0, 200))
    components = np.arange(200)
    points = means + np.sqrt(variances) * rng.normal(size=200)
    on_grid = _mixtures.density(means, variances)
    logs = _mixtures.log_density_of(on_grid, means, components, points)
    density = np.exp(-((points[:, None] - means) ** 2) / (2 * variances))
    density /= np.sqrt(2 * np.pi * variances)
    error = np.abs(logs - np.log(density.mean(axis=1)))
    # Variances are rounded to a grid, which shows in the tails.
    assert error.mean() < 2e-4
    assert error.max() < 1e-2


def test_it_needs_log_variances_and_the_table():
    codes = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    factors = np.arange(60)[:, None] % 2
    draws = base_draws.from_table(codes, factors, 30, 10, 0)
    with pytest.raises(ValueError, match="elbo_decomposition needs log_variances"):
        elbo_decomposition.score(draws)
    outputs = base_draws.ModelOutputs(log_variances=codes)
    alone = base_draws.Draws(draws.train, draws.test, outputs=outputs)
    with pytest.raises(ValueError, match="give the whole table"):
        elbo_decomposition.score(alone)
