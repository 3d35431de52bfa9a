"""Chen et al.'s mutual information gap.

Entropies by a grid are compared with direct summation, closed forms and the authors' code.
"""

import numpy as np
import pytest
from project import GOLDENS
from scipy import integrate, stats

from facsimile.metrics import _mixtures, chen_mig
from facsimile.metrics.base import draws as base_draws

GOLDEN = GOLDENS / "chen_mig" / "beta_tcvae_768.npz"
NORMAL = 0.5 * np.log(2 * np.pi * np.e)  # entropy of the unit normal


def scored(codes, factors, log_variances, convention="paper"):
    outputs = base_draws.ModelOutputs(
        log_variances=np.broadcast_to(np.float32(log_variances), codes.shape)
    )
    return chen_mig.score(base_draws.from_table(codes, factors, 400, 100, 0, outputs), convention)


def summed(means, variances):
    """Entropy of a mixture by adding every component at every point of a fine grid."""
    width = np.sqrt(variances.max())
    z = np.arange(means.min() - 9 * width, means.max() + 9 * width, np.sqrt(variances.min()) / 8)
    density = sum(
        stats.norm.pdf(z, m, s) for m, s in zip(means, np.sqrt(variances), strict=True)
    ) / len(means)
    return -np.sum(np.where(density > 0, density * np.log(np.maximum(density, 1e-300)), 0)) * (
        z[1] - z[0]
    )


@pytest.mark.parametrize("n", [1, 2, 5, 50, 768])
@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
def test_entropy_of_a_mixture_is_that_of_direct_summation(n, spread):
    rng = np.random.default_rng(n)
    means, variances = (
        rng.normal(size=n),
        np.exp(rng.uniform(-3, 0) + spread * np.clip(rng.normal(size=n), -3, 3)),
    )
    assert _mixtures.entropy(means, variances) == pytest.approx(summed(means, variances), abs=1e-4)


@pytest.mark.parametrize("variance", [1e-30, 1e-6, 1.0, 1e12])
def test_entropy_of_one_gaussian(variance):
    assert _mixtures.entropy(np.array([3e4]), np.array([variance])) == pytest.approx(
        NORMAL + np.log(variance) / 2, abs=1e-9
    )


def test_gaps_between_components_do_not_enlarge_the_grid():
    means, variances = np.array([1e6, 0.0, -1e3]), np.array([1e-20, 4e-20, 1e-20])
    expected = NORMAL + np.log(3) + np.log(variances).mean() / 2
    assert _mixtures.entropy(means, variances) == pytest.approx(expected, abs=1e-6)


def test_components_keep_their_variances_where_a_gap_is_cut():
    """Two groups 10⁶ apart, in no order: ln 2 and the mean of their entropies."""
    means, variances = np.array([1e6, 0.0, 1e6 + 1, 2.0]), np.array([0.01, 1.0, 0.04, 0.09])
    apart = [summed(means[group], variances[group]) for group in ([0, 2], [1, 3])]
    assert _mixtures.entropy(means, variances) == pytest.approx(
        np.log(2) + np.mean(apart), abs=1e-4
    )


@pytest.mark.parametrize("variances", [[0.0, 1.0], [1.0, np.inf], [np.nan, 1.0]])
def test_invalid_variances_raise(variances):
    with pytest.raises(ValueError, match="above 0 and finite"):
        _mixtures.entropy(np.zeros(2), np.array(variances))


def test_variances_too_far_apart_for_a_grid_raise():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"too far apart .* clip the log-variances"):
        _mixtures.entropy(rng.normal(size=50), np.exp(rng.uniform(-40, 0, 50)))


@pytest.fixture
def golden():
    with np.load(GOLDEN, allow_pickle=False) as file:
        scores = dict(file)
    scores["factors"] = np.stack(np.unravel_index(np.arange(768), scores["sizes"]), axis=1)
    return scores


def test_entropies_are_those_of_the_authors_code(golden):
    """25 entropies, each the mean of 1,000 runs of the authors' sampling.

    All are within 4 standard errors and 0.002 nats.
    """
    means, variances = (
        golden["means"].T.astype(float),
        np.exp(golden["log_variances"].T.astype(float)),
    )
    whole = [_mixtures.entropy(m, v) for m, v in zip(means, variances, strict=True)]
    values = [
        [golden["factors"][:, k] == value for value in range(golden["sizes"][k])]
        for k in range(1, 5)
    ]
    within = [
        [
            np.mean([_mixtures.entropy(m[rows], v[rows]) for rows in held])
            for m, v in zip(means, variances, strict=True)
        ]
        for held in values
    ]
    for scores, name in ((whole, "marginal"), (within, "conditional")):
        error = np.abs(np.array(scores) - golden[name])
        assert (error < 4 * golden[f"{name}_error"]).all()
        assert error.max() < 2e-3


def test_the_score_is_that_of_the_authors_code(golden):
    """0.0688 here, 0.0690 from their mean entropies, 0.0695 the mean of their scores.

    The latter is higher because the largest of several noisy estimates wins.
    """
    scores = scored(golden["means"], golden["factors"], golden["log_variances"], "chen-code")[
        "chen_mig"
    ]
    shared = np.sort(golden["marginal"] - golden["conditional"], axis=1)
    of_means = np.mean((shared[:, -1] - shared[:, -2]) / np.log(golden["sizes"][1:]))
    assert scores == pytest.approx(of_means, abs=3e-4)
    assert scores == pytest.approx(float(golden["mig"]), abs=1e-3)
    assert abs(scores - golden["mig"]) < golden["mig_deviation"]


def test_every_factor_counts_in_the_paper_and_all_but_the_first_in_the_code(golden):
    arguments = golden["means"], golden["factors"], golden["log_variances"]
    paper, code = (scored(*arguments, convention) for convention in ("paper", "chen-code"))
    assert set(paper) == {"chen_mig", *(f"gap_{k}" for k in range(5))}
    assert set(code) == {"chen_mig", *(f"gap_{k}" for k in range(1, 5))}
    assert {name: paper[name] for name in code if name != "chen_mig"} == pytest.approx(
        {name: value for name, value in code.items() if name != "chen_mig"}
    )
    assert paper["chen_mig"] == pytest.approx(np.mean([paper[f"gap_{k}"] for k in range(5)]))
    assert paper["chen_mig"] != pytest.approx(code["chen_mig"], abs=1e-3)


@pytest.mark.slow
def test_the_whole_score_is_that_of_direct_summation(golden):
    means, variances = (
        golden["means"].T.astype(float),
        np.exp(golden["log_variances"].T.astype(float)),
    )
    shared = np.zeros((3, 2))  # three latents and the first two factors are enough
    for j, (m, v) in enumerate(zip(means[:3], variances[:3], strict=True)):
        for k in range(2):
            held = [golden["factors"][:, k] == value for value in range(golden["sizes"][k])]
            shared[j, k] = summed(m, v) - np.mean([summed(m[rows], v[rows]) for rows in held])
    ordered = np.sort(shared, axis=0)
    expected = np.mean((ordered[-1] - ordered[-2]) / np.log(golden["sizes"][:2]))
    outputs = base_draws.ModelOutputs(log_variances=golden["log_variances"][:, :3])
    draws = base_draws.from_table(golden["means"][:, :3], golden["factors"], 400, 100, 0, outputs)
    np.testing.assert_allclose(chen_mig.matrix(draws)[0][:, :2], shared, atol=1e-4)
    scores = chen_mig.score(draws)
    assert (scores["gap_0"] + scores["gap_1"]) / 2 == pytest.approx(expected, abs=1e-4)


def test_two_overlapping_gaussians():
    """One binary factor, q(z|x) = N(±1, 1).

    The information is that of an antipodal signal in noise, 0.3369 nats.
    """

    def density(z):
        return (stats.norm.pdf(z, 1) + stats.norm.pdf(z, -1)) / 2

    whole, _ = integrate.quad(lambda z: -density(z) * np.log(density(z)), -12, 12)
    factors = np.arange(20)[:, None] % 2
    scores = scored(2.0 * factors - 1, factors, 0.0)
    assert scores["chen_mig"] == pytest.approx((whole - NORMAL) / np.log(2), abs=1e-4)
    assert whole - NORMAL == pytest.approx(0.3369, abs=1e-4)


def test_perfect_codes_reach_1_without_noise(grid):
    scores = [scored(grid.oracle(), grid.factors, v)["chen_mig"] for v in (-12, -6, -3, -1, 1)]
    assert scores[0] == pytest.approx(1, abs=1e-6)
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.3


@pytest.mark.slow
def test_perfect_codes_of_dsprites_reach_1_where_bins_have_a_ceiling(dsprites):
    assert scored(dsprites.oracle(), dsprites.factors, -10)["chen_mig"] == pytest.approx(
        1, abs=1e-4
    )


@pytest.mark.parametrize("convention", chen_mig.CONVENTIONS)
def test_constant_codes_are_at_0(grid, convention):
    scores = scored(np.ones((len(grid.factors), 3)), grid.factors, -4, convention)
    assert max(scores.values()) < 1e-9


def test_shuffled_codes_are_near_0(grid):
    codes = np.random.default_rng(0).permutation(grid.oracle())
    assert scored(codes, grid.factors, -2)["chen_mig"] < 0.01


def test_order_sign_scale_and_origin_of_latents_do_not_matter(grid):
    codes, order = grid.entangled(), [3, 1, 5, 0, 2, 4]
    scale = np.float32([-2, 0.5, 10, -1, 3, 0.1])
    log_variances = np.linspace(-4, -1, 6)
    one = scored(codes, grid.factors, log_variances)
    other = scored(
        (codes * scale + 5)[:, order],
        grid.factors,
        (log_variances + 2 * np.log(np.abs(scale)))[order],
    )
    assert other == pytest.approx(one, abs=1e-4)


def test_a_copied_latent_closes_the_gap_of_its_factor(grid):
    codes = grid.oracle()
    scores = scored(np.c_[codes, codes[:, 1]], grid.factors, -8)
    assert scores["gap_1"] == 0
    assert scores["chen_mig"] == pytest.approx(0.75, abs=1e-6)


def test_a_single_latent_has_no_rival(grid):
    scores = scored(grid.oracle()[:, :1], grid.factors, -8)
    assert scores["gap_0"] == pytest.approx(1, abs=1e-6)
    assert scores["chen_mig"] == pytest.approx(0.25, abs=1e-6)


def test_values_count_by_their_frequency():
    """No grid: a quarter of the rows has one value, with more noise.

    A latent that determines the factor has all of the factor's entropy.
    """
    factor = np.repeat([0, 1], [30, 10])[:, None]
    assert scored(factor.astype(float), factor, 4 * factor - 10)["chen_mig"] == pytest.approx(
        1, abs=1e-6
    )


def test_the_code_needs_a_second_factor():
    factor = np.arange(20)[:, None] % 2
    with pytest.raises(ValueError, match="ask for 'paper'"):
        scored(factor.astype(float), factor, -4, "chen-code")


def test_it_needs_log_variances_and_the_table(grid):
    draws = base_draws.from_table(grid.oracle(), grid.factors, 300, 100, 0)
    with pytest.raises(ValueError, match="chen_mig needs log_variances"):
        chen_mig.score(draws)
    alone = base_draws.Draws(
        draws.train, draws.test, outputs=base_draws.ModelOutputs(log_variances=grid.oracle())
    )
    with pytest.raises(ValueError, match="give the whole table"):
        chen_mig.score(alone)
