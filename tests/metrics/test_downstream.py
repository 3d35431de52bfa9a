"""Downstream accuracy: the reference's values, known codes, and few training points."""

import json

import numpy as np
import pytest
from project import GOLDENS

from facsimile import metrics
from facsimile.metrics import _boosting, _linear, _predictors, downstream
from facsimile.metrics.base import draws as base_draws

DOWNSTREAM = GOLDENS / "downstream"
ANSWERS = json.loads((DOWNSTREAM / "answers.json").read_text())
CASES = list(ANSWERS["lr_dsprites"])
DLIB, MODERN = "dlib-sklearn020", "dlib-modern"


@pytest.fixture(scope="module")
def codes():
    with np.load(DOWNSTREAM / "codes.npz", allow_pickle=False) as file:
        return file["codes"]


def drawn(codes, grid, n_train=300, n_test=150, seed=0):
    return base_draws.from_table(codes, grid.factors, n_train, n_test, seed)


def train_and_test(codes, grid, n_train=300, n_test=150):
    draws = drawn(codes, grid, n_train, n_test)
    return base_draws.Draws(draws.train, draws.test)


def test_answers_of_the_reference(grid, codes):
    """Logistic regression agrees to the last digit at each size.

    Boosted trees lie between the values of the reference's own seeds.
    """
    scores = downstream.score(drawn(codes, grid), DLIB)
    assert {key: scores[key] for key in ANSWERS["lr"]} == pytest.approx(ANSWERS["lr"], abs=1e-6)
    for key in ("gbt_10", "gbt_100", "gbt_300"):
        assert min(ANSWERS["gbt"][key]) - 1e-6 <= scores[key] <= max(ANSWERS["gbt"][key]) + 1e-6


def test_values_of_the_reference_without_ties(grid, codes):
    """To the last digit, except for one training point of 1,200.

    There two cuts of a tree are equal except for rounding.
    """
    scores, expected = downstream.score(drawn(codes[:, :1], grid), DLIB), dict(ANSWERS["single"])
    assert scores["gbt_300_train"] == pytest.approx(expected.pop("gbt_300_train"), abs=1 / 1000)
    assert {key: scores[key] for key in expected} == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_logistic_regression_is_that_of_scikit_learn_020(case, read_golden):
    """Each of 1,000 test points is predicted alike, for each factor."""
    draws = read_golden(case)["draws"]
    scores = downstream.predictions(draws, draws.train, draws.test, "lr", DLIB)
    accuracies = [np.mean(p.test == y) for p, y in zip(scores, draws.test.factors.T, strict=True)]
    np.testing.assert_allclose(accuracies, ANSWERS["lr_dsprites"][case], rtol=0, atol=1e-6)


@pytest.mark.slow
def test_older_versions_have_the_same_numbers(grid, codes):
    assert downstream.score(drawn(codes, grid, 50), "dlib-sklearn019") == downstream.score(
        drawn(codes, grid, 50), DLIB
    )


@pytest.mark.slow
def test_a_perfect_code_is_predicted_by_trees_but_not_by_one_vs_rest(grid):
    """One-vs-rest classifiers cannot separate the middle values of an axis.

    A multinomial model can.
    """
    result = {
        name: downstream.score(drawn(grid.oracle(), grid, 300, 500), name)
        for name in (DLIB, MODERN)
    }
    assert all(scores["gbt"] == 1 for scores in result.values())
    assert result[DLIB]["lr"] < 0.7
    assert result[MODERN]["lr"] > 0.9


@pytest.mark.slow
def test_a_rotation_matters_to_trees_but_not_to_logistic_regression(grid):
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    plain, rotated = (
        downstream.score(drawn(c, grid, 100, 500), DLIB)
        for c in (grid.oracle(), grid.oracle() @ turn)
    )
    assert rotated["lr"] == pytest.approx(plain["lr"], abs=0.01)
    assert rotated["gbt"] < plain["gbt"] - 0.15


@pytest.mark.slow
@pytest.mark.parametrize("convention", [DLIB, MODERN])
def test_uninformative_codes_predict_the_most_frequent_value(grid, convention):
    draws = drawn(np.ones((360, 3)), grid, 100)
    scores = downstream.score(draws, convention)
    *_, (train, test) = downstream.rounds(draws)
    commonest = [np.bincount(y).argmax() for y in train.factors.T]
    expected = np.mean(
        [np.mean(y == value) for y, value in zip(test.factors.T, commonest, strict=True)]
    )
    assert scores["gbt"] == scores["lr"] == pytest.approx(expected)


@pytest.mark.slow
def test_shuffled_codes_are_at_chance(dsprites):
    """Among 737,280 rows no test point is a training point."""
    scores = downstream.score(
        drawn(np.random.default_rng(0).permutation(dsprites.oracle()), dsprites, 100, 2000), DLIB
    )
    chance = np.mean([1 / size for size in dsprites.sizes])
    assert scores["lr"] == pytest.approx(chance, abs=0.02)
    assert scores["gbt"] == pytest.approx(chance, abs=0.02)


@pytest.mark.slow
def test_order_sign_and_scale_of_latents(grid, codes):
    """Trees depend on the order of values only, and logistic regression not on order or sign.

    The latter's penalty has a unit, so scale matters to it.
    """

    def scored(changed):
        return downstream.score(train_and_test(changed, grid, 60), DLIB)

    one, moved, mirrored, larger = (
        scored(c) for c in (codes, codes[:, [3, 1, 5, 0, 2, 4]], -codes, codes * np.float32(8))
    )
    assert moved["lr"] == pytest.approx(one["lr"], abs=0.005)
    assert mirrored["lr"] == pytest.approx(one["lr"], abs=0.005)
    assert larger["gbt"] == one["gbt"]
    assert larger["lr"] != one["lr"]
    assert moved["gbt"] == pytest.approx(
        one["gbt"], abs=0.03
    )  # of latents that tie the first is cut
    assert mirrored["gbt"] == pytest.approx(
        one["gbt"], abs=0.03
    )  # a mirrored cut lies on the other side of a gap


@pytest.mark.parametrize(
    ("n_train", "sizes"), [(7, [7]), (100, [10, 100]), (1200, [10, 100, 1000, 1200])]
)
def test_sizes(grid, codes, n_train, sizes):
    assert [
        len(train.codes) for train, _ in downstream.rounds(drawn(codes, grid, n_train))
    ] == sizes


@pytest.mark.slow
def test_scores_of_few_points(grid, codes):
    scores = downstream.score(drawn(codes, grid, 12, 50), DLIB)
    each = [
        f"{name}_{n}{end}"
        for n in (10, 12)
        for name in ("lr", "gbt")
        for end in ("", "_train", "_min")
    ]
    assert set(scores) == {*each, "lr", "gbt"}  # no efficiency: it is of 10,000 points
    assert scores["gbt"] == scores["gbt_12"]
    assert scores["lr"] == scores["lr_12"]


@pytest.mark.slow
def test_efficiency_is_of_a_hundred_over_ten_thousand_points(grid, monkeypatch):
    monkeypatch.setattr(downstream, "MANY", 120)
    scores = downstream.score(drawn(grid.entangled(), grid, 120), DLIB)
    for name in ("lr", "gbt"):
        assert scores[f"{name}_efficiency"] == pytest.approx(
            scores[f"{name}_100"] / scores[f"{name}_120"]
        )


def test_new_points_are_sampled_for_each_size(grid, codes):
    (train, test), (more, others), _ = downstream.rounds(drawn(codes, grid))
    random = np.random.RandomState(0)
    np.testing.assert_array_equal(
        train.factors, np.stack([random.randint(size, size=10) for size in grid.sizes], axis=1)
    )
    assert len(more.codes) == 100
    assert (test.factors != others.factors).any()


@pytest.mark.slow
def test_draws_without_a_table_are_used_from_the_first_and_share_trees(grid, codes):
    draws = train_and_test(codes, grid)
    (train, test), *_, (all_of_them, _) = downstream.rounds(draws)
    np.testing.assert_array_equal(train.codes, draws.train.codes[:10])
    assert test is draws.test
    assert all_of_them is draws.train
    scores = downstream.score(draws, DLIB)
    forests = _predictors.forests(draws, _boosting.RULES[DLIB])
    right = [t.predicted.test == y for t, y in zip(forests, draws.test.factors.T, strict=True)]
    assert scores["gbt"] == pytest.approx(np.mean(right), abs=1e-12)
    assert forests is _predictors.forests(draws, _boosting.Rule())


def test_points_sorted_by_a_factor_raise(grid, codes):
    with pytest.raises(ValueError, match="sorted by factor column 0"):
        metrics.score_draws((codes, grid.factors), (codes, grid.factors), metrics=["downstream"])


@pytest.mark.slow
def test_a_factor_with_one_value_among_ten_points(grid, codes):
    draws = train_and_test(codes, grid)
    factors = draws.train.factors.copy()
    factors[:10, 0] = 2
    scores = downstream.score(
        base_draws.Draws(base_draws.Sample(draws.train.codes, factors), draws.test), DLIB
    )
    for name in ("lr", "gbt"):
        sample = base_draws.Sample(draws.train.codes[:10], factors[:10])
        predicted = downstream.predictions(draws, sample, draws.test, name, DLIB)
        assert (predicted[0].test == 2).all()
        assert (predicted[0].train == 2).all()
        assert np.isin(predicted[3].test, factors[:10, 3]).all()
        assert np.isfinite(scores[f"{name}_10"])


@pytest.mark.slow
@pytest.mark.parametrize("convention", [DLIB, MODERN])
def test_fewer_points_than_folds(grid, convention):
    scores = downstream.score(drawn(grid.oracle(), grid, 4, 20, seed=1), convention)
    assert 0 < scores["gbt"] < 1
    assert 0 < scores["lr"] < 1


def test_a_class_chooses_the_smallest_of_the_best_penalties():
    """A value in the middle of an axis cannot be cut off by one plane.

    It is never predicted, so every C is equally good.
    """
    labels = np.tile([0, 1, 2], 40)
    codes = (labels - 1 + 0.1 * np.random.default_rng(0).normal(size=120)).astype(np.float32)[
        :, None
    ]
    scores = _linear.logistic_cv(codes, labels)
    assert scores.strengths[1] == _linear.STRENGTHS[0]
    assert (scores.strengths[[0, 2]] > _linear.STRENGTHS[0]).all()


def test_the_gradient_of_the_loss():
    rng = np.random.default_rng(0)
    points, signs, weights = (
        rng.normal(size=(3, 50)) * 5,
        rng.choice([-1.0, 1.0], 50),
        rng.normal(size=3),
    )
    value, gradient = _linear._loss(weights, points, signs, 0.7)
    assert value == pytest.approx(
        np.logaddexp(0, -signs * (weights @ points)).sum() + 0.35 * (weights[:2] ** 2).sum()
    )
    step = 1e-6 * np.eye(3)
    numeric = [
        (
            _linear._loss(weights + s, points, signs, 0.7)[0]
            - _linear._loss(weights - s, points, signs, 0.7)[0]
        )
        for s in step
    ]
    np.testing.assert_allclose(gradient, np.array(numeric) / 2e-6, rtol=1e-5)
