"""Unfairness: the reference's values, fair and unfair latents, and summaries over pairs."""

import json

import numpy as np
import pytest
from project import GOLDENS

from facsimile import metrics
from facsimile.metrics import downstream, fairness
from facsimile.metrics.base import draws as base_draws

ANSWERS = json.loads((GOLDENS / "fairness" / "answers.json").read_text())
DLIB = "dlib-sklearn020"


@pytest.fixture(scope="module")
def codes():
    with np.load(GOLDENS / "downstream" / "codes.npz", allow_pickle=False) as file:
        return file["codes"]


def drawn(codes, grid, n_train=300):
    return base_draws.from_table(codes, grid.factors, n_train, 150, 0)


@pytest.mark.slow
def test_values_of_the_reference_lie_among_those_of_other_ties(grid, codes):
    """The reference breaks ties of latents at random; here the first is cut.

    So another order of latents breaks them differently.
    """
    orders = [np.random.default_rng(seed).permutation(6) for seed in range(16)]
    ours = [fairness.score(drawn(codes[:, order], grid), DLIB) for order in orders]
    for key, reference in ANSWERS["scores"].items():
        low, high = min(scores[key] for scores in ours), max(scores[key] for scores in ours)
        assert low <= np.mean(reference) <= high, key
    assert np.ptp([scores["unfairness"] for scores in ours]) < 0.01


def test_values_of_the_reference_without_ties(grid, codes):
    """To the digits of its single precision, except for one target.

    There two cuts of its trees are equal except for rounding.
    """
    scores = fairness.matrices(drawn(codes[:, :1], grid), DLIB)
    for matrix, reference in zip(
        scores, (ANSWERS["single"][key] for key in ("mean", "max")), strict=True
    ):
        expected = np.array(reference, dtype=np.float64)
        np.testing.assert_allclose(matrix[[0, 1, 3]], expected[[0, 1, 3]], rtol=0, atol=1e-6)
        np.testing.assert_allclose(matrix[2], expected[2], rtol=0, atol=0.02)


@pytest.mark.parametrize("convention", fairness.CONVENTIONS)
def test_a_perfect_code_and_a_constant_one_are_fair(grid, convention):
    for codes in (grid.oracle(), np.ones((360, 2))):
        assert max(fairness.score(drawn(codes, grid, 500), convention).values()) < 1e-12


@pytest.mark.parametrize("convention", [DLIB, "exact"])
def test_a_code_that_copies_the_sensitive_factor(convention):
    """Two binary factors always agree where the trees are trained.

    If only one of them is changed, it decides both predictions.
    """
    factors = np.stack(np.unravel_index(np.arange(8), (2, 2, 2)), axis=1)
    draws = base_draws.from_table(
        factors[:, :1] + 10.0 * (factors[:, 2:] == 0), factors, 400, 10, 0
    )
    alike = draws.train.factors.copy()
    alike[:, 1] = alike[:, 0]
    draws.train = base_draws.Sample(draws.train.codes, alike)
    mean, highest = fairness.matrices(draws, convention)
    assert (
        mean[1, 0] == highest[1, 0] == 0.5
    )  # each of two values is half away from the mean of both
    assert mean[0, 1] == mean[1, 2] == mean[0, 2] == 0


def test_total_variation_by_hand():
    mean, highest = fairness._distances(
        np.array([[8.0, 2.0, 0.0], [2.0, 2.0, 6.0], [5.0, 5.0, 0.0]])
    )
    # shares .8 .2 0 | .2 .2 .6 | .5 .5 0, their mean .5 .3 .2
    assert mean == pytest.approx((0.3 + 0.4 + 0.2) / 3)
    assert highest == pytest.approx(0.4)


def test_counts_by_hand():
    scores = fairness._counts(np.array([0, 0, 1, 1, 1]), np.array([2, 2, 0, 1, 1]), 2, 3)
    np.testing.assert_array_equal(scores, [[0, 0, 2], [1, 2, 0]])


def test_reductions(grid, codes):
    scores, matrices = (
        fairness.score(drawn(codes, grid), DLIB),
        fairness.matrices(drawn(codes, grid), DLIB),
    )
    assert list(scores) == list(fairness.SCORES)
    for name, matrix in zip(("unfairness", "unfairness_worst"), matrices, strict=True):
        assert np.isnan(np.diag(matrix)).all()
        rows, columns = ([[v for v in line if v == v] for line in m] for m in (matrix, matrix.T))
        assert scores[name] == pytest.approx(np.mean(rows))
        assert scores[f"{name}_max"] == np.max(rows)
        assert scores[f"{name}_mean_target_max_sensitive"] == pytest.approx(
            np.mean(np.max(rows, axis=1))
        )
        assert scores[f"{name}_max_target_mean_sensitive"] == pytest.approx(
            np.max(np.mean(rows, axis=1))
        )
        assert scores[f"{name}_mean_sensitive_max_target"] == pytest.approx(
            np.mean(np.max(columns, axis=1))
        )
        assert scores[f"{name}_max_sensitive_mean_target"] == pytest.approx(
            np.max(np.mean(columns, axis=1))
        )


def test_a_hundred_points_of_noise_look_unfair(grid):
    """Trees of noise predict at random, so samples of 100 differ; over the table little is left."""
    draws = drawn(np.random.default_rng(0).normal(size=(360, 5)), grid, 2000)
    assert fairness.score(draws, DLIB)["unfairness"] < 0.15
    big = type(grid)((4, 10, 10, 10))
    noise = np.random.default_rng(0).normal(size=(4000, 5))
    draws = base_draws.from_table(noise, big.factors, 500, 10, 0)
    sampled, whole = (
        fairness.score(draws, convention)["unfairness"] for convention in (DLIB, "exact")
    )
    assert whole < 0.07 < sampled


def test_trees_are_shared_with_other_metrics(grid, codes, monkeypatch):
    draws = drawn(codes, grid)
    first = fairness.score(draws, DLIB)
    monkeypatch.setattr("facsimile.metrics._boosting.fit", None)
    assert fairness.score(draws, DLIB) == first
    outputs = base_draws.Draws(draws.train, draws.test)
    outputs._cache = draws._cache
    assert len(downstream.predictions(outputs, draws.train, draws.test, "gbt", DLIB)) == 4


def test_a_table_that_is_not_a_grid(grid):
    """Each value has its own points, which differ a little by chance, not over the whole table."""
    kept = np.random.default_rng(0).permutation(360)[:330]
    oracle, factors = grid.oracle()[kept], grid.factors[kept]
    draws = base_draws.from_table(oracle, factors, 500, 150, 0, sampling="replacement")
    scores = fairness.score(draws, DLIB)
    assert 0 < scores["unfairness"] < 0.1
    codes = factors * 1.0
    drawn = base_draws.from_table(codes, factors, 500, 150, 0, sampling="replacement")
    whole = fairness.score(drawn, "exact")
    shares = [
        np.stack(
            [
                np.bincount(codes[codes[:, s] == v, t].astype(int), minlength=grid.sizes[t])
                / (codes[:, s] == v).sum()
                for v in range(grid.sizes[s])
            ]
        )
        for t in range(4)
        for s in range(4)
        if s != t
    ]
    expected = np.mean([0.5 * np.abs(p - p.mean(axis=0)).sum(axis=1).mean() for p in shares])
    assert whole["unfairness"] == pytest.approx(expected)


@pytest.mark.parametrize("convention", [DLIB, "exact"])
def test_rows_that_were_split_are_counted_on_the_test_side_only(grid, convention):
    """The trees know the training rows by heart: codes of a constant predict one value of all."""
    kept = np.random.default_rng(0).permutation(360)[:330]
    factors = grid.factors[kept]
    codes = np.zeros((330, 1), np.float32)
    draws = base_draws.from_table(codes, factors, 200, 130, 0)
    codes[draws.train.rows, 0] = factors[draws.train.rows, 3]  # known of training rows only
    draws = base_draws.from_table(codes, factors, 200, 130, 0)
    assert fairness.score(draws, convention)["unfairness_max"] == 0.0


def test_a_single_factor_and_draws_without_a_table_raise(grid, codes):
    with pytest.raises(ValueError, match="two factors"):
        metrics.score(codes, grid.factors[:, :1], metrics=["fairness"], n_train=50, n_test=50)
    with pytest.raises(ValueError, match="give the whole table"):
        metrics.score_draws((codes, grid.factors), (codes, grid.factors), metrics=["fairness"])


def test_few_points_and_missing_values(grid, codes):
    assert all(0 <= value <= 1 for value in fairness.score(drawn(codes, grid, 5), DLIB).values())
