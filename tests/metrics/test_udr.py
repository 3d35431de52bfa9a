"""Unsupervised disentanglement ranking: the reference's values, known models, invariances."""

import json

import numpy as np
import pytest
from project import GOLDENS

import facsimile
from facsimile.metrics import udr
from facsimile.metrics.base import draws as base_draws

GOLDEN = json.loads((GOLDENS / "udr" / "answers.json").read_text())
CASES = ("vae_like", "noisy", "partial", "network", "dead", "linear_mix")


def scored(grid, codes, peers, convention=udr.DLIB, log_variances=None, n_train=2000):
    """Score models whose latents are all informative, unless log-variances are given.

    A peer is an array of codes, or a pair of codes and log-variances.
    """
    outputs = base_draws.ModelOutputs(
        log_variances=informative(codes) if log_variances is None else log_variances,
        peers=[peer if isinstance(peer, tuple) else (peer, informative(peer)) for peer in peers],
    )
    return udr.score(
        base_draws.from_table(codes, grid.factors, n_train, 10, 0, outputs), convention
    )


def informative(codes):
    return np.full(np.shape(codes), -4, np.float32)


# The reference ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def models():
    """Six models with ten latents of the same 2,000 points.

    Some latents have collapsed: 5 % of their size, with the variance of the prior.
    """
    scores = []
    for i, case in enumerate(CASES):
        with np.load(GOLDENS / "metrics" / f"dsprites_{case}.npz") as file:
            means, factors = file["mus_train"].T.copy(), file["ys_train"].T
        closed = (i + np.arange(10)) % 4 == 0
        means[:, closed] *= np.float32(0.05)
        scores.append((means, np.where(closed, 0, -2).astype(np.float32) * np.ones_like(means)))
    return scores, factors


def draws_of(models, i):
    scores, factors = models
    means, log_variances = scores[i]
    sample = base_draws.Sample(means, factors, np.arange(len(means)))
    outputs = base_draws.ModelOutputs(
        log_variances=log_variances, peers=[model for j, model in enumerate(scores) if j != i]
    )
    return base_draws.Draws(sample, sample, base_draws.Table(means, factors), 0, outputs)


@pytest.mark.parametrize("i", range(len(CASES)))
@pytest.mark.parametrize(("name", "near"), [("lasso", 5e-5), ("spearman", 1e-12)])
def test_pairs_and_scores_equal_the_reference(models, i, name, near):
    draws = draws_of(models, i)
    own, others = udr.latents(draws), udr.peers(draws)
    similarity = udr.SIMILARITIES[name]
    pairs = [
        udr.relative_strength(udr.informative(similarity(other, own), other, own))
        for other in others
    ]
    np.testing.assert_allclose(
        pairs, np.delete(np.array(GOLDEN[name]["pairwise"])[:, i], i), rtol=0, atol=near
    )
    assert udr.score(draws)[f"udr_{name}"] == pytest.approx(GOLDEN[name]["scores"][i], abs=near)


def test_strengths_of_known_matrices():
    """The reference's own unit tests."""
    assert udr.relative_strength(np.eye(3)) == 1
    assert udr.relative_strength(np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])) == pytest.approx(
        2 / 3
    )
    assert udr.relative_strength(np.ones((3, 3))) == pytest.approx(1 / 3)
    assert udr.relative_strength(np.zeros((3, 3))) == 0


# Known likeness -----------------------------------------------------------------------


@pytest.mark.parametrize("convention", udr.CONVENTIONS)
def test_the_same_latents_in_another_order_sign_and_scale_are_similar(convention):
    """Independent latents on a grid: a lasso of penalty 0.1 gives each a weight of 0.9."""
    grid = Independent()
    peer = grid.codes[:, [2, 0, 1]] * np.float32([-3, 0.5, 2]) + np.float32([1, 0, -5])
    scores = scored(grid, grid.codes, [peer], convention, n_train=20_000)
    assert scores["udr_lasso"] == pytest.approx(0.9, abs=0.02)
    assert scores["udr_spearman"] == pytest.approx(1, abs=0.05)  # chance correlations of the draws
    assert scores["informative_latents"] == 3


class Independent:
    """A grid of three factors that are their own codes."""

    factors = np.stack(np.unravel_index(np.arange(7**3), (7, 7, 7)), axis=1)
    codes = (factors - 3).astype(np.float32)


def test_copies_in_a_peer_lower_the_score():
    """The lasso gives one of two copies no weight: (0.9 / 2 + 0.9) / 2.

    By ranks the copies compete: (1 + 1 / 2) / 2.
    """
    grid = Independent()
    scores = scored(grid, grid.codes, [np.c_[grid.codes, grid.codes]], n_train=20_000)
    assert scores["udr_lasso"] == pytest.approx(0.675, abs=0.02)
    assert scores["udr_spearman"] == pytest.approx(0.75, abs=0.04)


def test_independent_noise_is_not_similar(grid):
    large = type(grid)((6, 7, 8, 9))
    noises = [np.random.default_rng(seed).standard_normal((3024, 5)) for seed in range(3)]
    scores = scored(large, noises[0], noises[1:])
    assert scores["udr_lasso"] < 0.02
    assert scores["udr_spearman"] < 0.05


def test_similarity_falls_with_the_angle_of_rotation():
    grid, result = Independent(), []
    for angle in (0, np.pi / 12, np.pi / 6, np.pi / 4):
        turn = np.eye(3)
        turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        result.append(scored(grid, grid.codes, [grid.codes @ turn], n_train=5000))
    for name in ("udr_lasso", "udr_spearman"):
        assert np.all(np.diff([scores[name] for scores in result]) < -0.05)


def test_the_score_is_the_median_of_the_peers():
    grid = Independent()
    good, bad = grid.codes, np.random.default_rng(0).standard_normal(grid.codes.shape)
    alike = scored(grid, grid.codes, [good])
    assert scored(grid, grid.codes, [good, bad, good]) == alike
    assert scored(grid, grid.codes, [bad, good, bad]) == scored(grid, grid.codes, [bad])
    two = [scored(grid, grid.codes, [peer])["udr_lasso"] for peer in (good, bad)]
    assert scored(grid, grid.codes, [good, bad])["udr_lasso"] == pytest.approx(np.mean(two))


def test_peers_predict_the_model_and_not_the_other_way_round():
    """If one model encodes a third of what the other does, only the lasso has a direction."""
    grid = Independent()
    mixed = (grid.codes @ np.ones((3, 1))).astype(np.float32)
    one, other = scored(grid, grid.codes, [mixed]), scored(grid, mixed, [grid.codes])
    assert abs(one["udr_lasso"] - other["udr_lasso"]) > 0.01
    assert one["udr_spearman"] == pytest.approx(other["udr_spearman"], abs=1e-12)


def test_opposed_latents_have_weights_above_1():
    """Two latents of correlation 0.92 and their difference: weights of 1.25, above 1."""
    rng = np.random.default_rng(0)
    codes, _ = np.linalg.qr(rng.standard_normal((4000, 2)) - 0.0)
    codes, _ = np.linalg.qr(codes - codes.mean(axis=0))
    peer = codes @ np.array([[1, 0.92], [0, np.sqrt(1 - 0.92**2)]])
    one, other = (standardised(c) for c in (peer, peer[:, :1] - peer[:, 1:]))
    weights = udr.lasso(one, other)
    np.testing.assert_allclose(weights, [[1.25], [1.25]], atol=1e-6)
    assert udr.relative_strength(weights) == pytest.approx(0.9375, abs=1e-6)
    assert udr.relative_strength(weights, udr.PAPER) == pytest.approx(3.125 / 3, abs=1e-6)


def standardised(codes):
    return udr.Latents(
        (codes - codes.mean(axis=0)) / codes.std(axis=0), np.ones(codes.shape[1], bool)
    )


def test_the_conventions_differ_for_different_numbers_of_latents():
    similarity = np.array([[1.0, 0, 0], [0, 0.5, 0.5]])  # rows 1 and 1/4, columns 1, 1/2 and 1/2
    assert udr.relative_strength(similarity) == pytest.approx((5 / 8 + 2 / 3) / 2)
    assert udr.relative_strength(similarity, udr.PAPER) == pytest.approx((5 / 4 + 2) / 5)


# Latents that are not informative -----------------------------------------------------


def test_a_latent_like_the_prior_does_not_count():
    grid = Independent()
    noise = np.float32(1e-3) * np.random.default_rng(0).standard_normal((343, 2)).astype(np.float32)
    wide = np.c_[grid.codes, noise], np.c_[informative(grid.codes), np.zeros((343, 2), np.float32)]
    plain = scored(grid, grid.codes, [grid.codes])
    scores = scored(grid, wide[0], [wide, grid.codes], log_variances=wide[1])
    assert scores == pytest.approx(plain, abs=1e-9)
    assert scores["informative_latents"] == 3


def test_models_without_informative_latents_score_0():
    grid = Independent()
    closed = np.zeros_like(grid.codes), np.zeros_like(grid.codes)
    nothing = {"udr_lasso": 0.0, "udr_spearman": 0.0, "informative_latents": 0.0}
    assert scored(grid, closed[0], [grid.codes, closed], log_variances=closed[1]) == nothing
    assert scored(grid, grid.codes, [closed]) == nothing | {"informative_latents": 3.0}


def test_a_constant_mean_has_no_rank_correlation():
    """A latent that is informative only because of its variance.

    It is NaN in the reference, which sets one half of the score to 0; it is 0 in `paper`.
    """
    grid = Independent()
    still = np.c_[grid.codes[:, :2], np.full((343, 1), 2, np.float32)]
    code, paper = (
        scored(grid, still, [grid.codes[:, :2]], convention) for convention in (udr.DLIB, udr.PAPER)
    )
    rows, columns = np.eye(2, 3).sum(axis=1), np.eye(2, 3).sum(axis=0)
    assert code["udr_spearman"] == pytest.approx(columns.mean() / 2, abs=0.05)
    assert paper["udr_spearman"] == pytest.approx(np.r_[rows, columns].mean(), abs=0.05)
    assert code["udr_lasso"] == pytest.approx(0.9 * (1 + 2 / 3) / 2, abs=0.03)
    peer = scored(grid, grid.codes[:, :2], [still])
    assert peer["udr_spearman"] == pytest.approx(
        code["udr_spearman"], abs=1e-12
    )  # ranks have no direction


# Edges --------------------------------------------------------------------------------


def test_one_latent_each():
    grid = Independent()
    scores = scored(grid, grid.codes[:, :1], [-grid.codes[:, :1]])
    assert scores == pytest.approx({"udr_lasso": 0.9, "udr_spearman": 1, "informative_latents": 1})


@pytest.mark.parametrize("points", [2, 5])
def test_few_points(grid, points):
    rows = {"n_train": points, "n_test": 3}
    with_model = {
        "log_variances": informative(grid.oracle()),
        "peers": [(grid.noise(), informative(grid.noise()))],
    }
    factors = np.arange(360)[:, None]
    scores = facsimile.score(grid.oracle(), factors, "udr", **rows, **with_model)
    assert np.isfinite(scores.value).all()


def test_missing_inputs_are_named(grid):
    codes = grid.oracle()
    with pytest.raises(ValueError, match="one model or more"):
        scored(grid, codes, [])
    with pytest.raises(ValueError, match="udr needs peers"):
        facsimile.score(codes, grid.factors, "udr", log_variances=informative(codes))
    with pytest.raises(ValueError, match="udr needs log_variances"):
        facsimile.score(codes, grid.factors, "udr", peers=[(codes, informative(codes))])
