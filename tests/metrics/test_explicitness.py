"""Explicitness: known areas, and values that are missing from the draws."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from facsimile.metrics import _linear
from facsimile.metrics import explicitness as metric
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.conventions import CORRECTED, DLIB, DLIB_019, MODERN


def drawn(train, test):
    """Draws of one factor and one code: pairs of (code, value)."""
    return base_draws.Draws(
        *(
            base_draws.Sample(np.float32(part)[:, :1], np.int64(part)[:, 1:])
            for part in (train, test)
        )
    )


LINE = [(value, value) for value in (0, 1, 2) for _ in range(40)]


def test_a_value_between_two_others_has_half_an_area_by_its_own_classifier():
    draws = drawn(LINE, LINE)
    # Both ends are certain; a linear function puts the middle between them: 1/2.
    assert metric.score(draws, metric.ONE_VS_REST)["explicitness_test"] == pytest.approx(
        (1 + 0.5 + 1) / 3
    )
    # Divided by the sum over the values the middle is likeliest where both ends are unlikely.
    assert metric.score(draws, DLIB)["explicitness_test"] == pytest.approx(1)


def test_two_values_have_one_classifier_and_one_area():
    random = np.random.default_rng(0)
    points = [(random.normal() + value, value) for value in (0, 1) for _ in range(50)]
    draws = drawn(points, points)
    code, value = np.array(points).T
    scores = {name: metric.score(draws, name)["explicitness_train"] for name in metric.CONVENTIONS}
    assert scores == pytest.approx(dict.fromkeys(scores, roc_auc_score(value, code)))


def test_a_tested_value_without_a_training_point():
    draws = drawn([pair for pair in LINE if pair[1] != 1], LINE)
    for convention in (DLIB, DLIB_019, MODERN, metric.ONE_VS_REST):
        assert metric.score(draws, convention)["explicitness_test"] == pytest.approx(1), (
            "the ends alone"
        )
    scores = metric.score(draws, CORRECTED)
    assert scores["explicitness_test"] == pytest.approx((1 + 0.5 + 1) / 3)
    assert scores["explicitness_train"] == pytest.approx(1)


def test_a_trained_value_without_a_test_point_is_left_out():
    draws = drawn(LINE, [pair for pair in LINE if pair[1] != 2])
    for convention in metric.CONVENTIONS:
        ends = metric.score(draws, convention)["explicitness_test"]
        assert ends == pytest.approx(
            1 if convention != metric.ONE_VS_REST else (1 + ends_of_middle(draws)) / 2
        )


def ends_of_middle(draws):
    """Area of the middle value against the lowest one: its own classifier's slope decides."""
    slope = (
        _linear.logistic(metric.standardised(draws)[0], draws.train.factors[:, 0])
        .estimators_[1]
        .coef_[0, 0]
    )
    return float(slope > 0)


def test_values_that_are_missing_on_either_side_are_not_confused():
    """Trained on the values 1 and 2, it learns that lower codes are 1.

    A test point of value 0 then looks more like a 1 than a 1 does: the area of 1 is 0.
    """
    draws = drawn([pair for pair in LINE if pair[1] != 0], [pair for pair in LINE if pair[1] != 2])
    assert metric.score(draws, DLIB)["explicitness_test"] == 0
    assert metric.score(draws, CORRECTED)["explicitness_test"] == (0 + 0.5) / 2
    # The reference compares by position, 0 with the probability of 1 and 1 with that of 2, and
    # returns the best possible value.
    codes, (labels,) = metric.standardised(draws), draws.test.factors.T
    chances = _linear.logistic(codes[0], draws.train.factors[:, 0]).predict_proba(codes[1])
    assert roc_auc_score(np.stack([labels == 0, labels == 1], axis=1), chances) == 1


def test_points_of_one_value_can_tell_nothing():
    draws = drawn(LINE, LINE[:40])
    for convention in metric.CONVENTIONS:
        assert metric.score(draws, convention)["explicitness_test"] == 0.5


@pytest.mark.slow
def test_noise_is_at_chance_and_a_linear_map_changes_nothing(grid):
    noise, oracle = grid.noise(), grid.oracle()
    mixed = oracle @ np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
    noise, oracle, mixed = (
        metric.score(base_draws.from_table(codes, grid.factors, 3000, 1000, 0), metric.ONE_VS_REST)[
            "explicitness_test"
        ]
        for codes in (noise, oracle, mixed)
    )
    assert (
        0.5 < noise < 0.7
    )  # of 360 rows most are in both draws, and learnt by heart as far as four numbers allow
    assert mixed == pytest.approx(oracle, abs=0.01)


@pytest.mark.slow
def test_conventions_share_their_fits_and_not_their_answers(grid):
    draws = base_draws.from_table(grid.entangled(), grid.factors, 300, 150, 0)
    together = {name: metric.score(draws, name) for name in metric.CONVENTIONS}
    for name, scores in together.items():
        assert (
            metric.score(base_draws.from_table(grid.entangled(), grid.factors, 300, 150, 0), name)
            == scores
        )
