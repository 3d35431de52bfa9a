"""Probability of improvement and seeds needed, against textbook answers."""

import numpy as np
import pytest
from scipy import stats

from facsimile.statistics import improvement, seeds_needed


def rng():
    return np.random.default_rng(0)


def test_the_share_of_pairs_that_are_won_ties_for_half():
    # 1 < 2, 1 < 3, 3 > 2, 3 = 3
    found = improvement.probability([np.array([1.0, 3.0])], [np.array([2.0, 3.0])], rng())
    assert found.value == pytest.approx(1.5 / 4)
    assert found.n == 4


def test_it_is_mann_whitneys_u_a_task_averaged_over_tasks():
    drawn = rng()
    first, second = (
        [drawn.standard_normal(9), drawn.standard_normal(12) + 1],
        [drawn.standard_normal(7), drawn.standard_normal(5)],
    )
    u = [
        stats.mannwhitneyu(a, b).statistic / (a.size * b.size)
        for a, b in zip(first, second, strict=True)
    ]
    found = improvement.probability(first, second, rng())
    assert found.value == pytest.approx(np.mean(u))
    assert found.low < found.value < found.high


def test_the_interval_is_as_wide_as_theory_says():
    # Of equal distributions U/nm varies with (n + m + 1)/(12 n m).
    drawn = rng()
    found = improvement.probability(
        [drawn.standard_normal(100)], [drawn.standard_normal(80)], rng()
    )
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(181 / (12 * 8000)), rel=0.1)


def test_a_task_that_one_side_lacks_is_left_out():
    both, alone = np.array([1.0, 2.0]), np.array([])
    assert improvement.probability([both, both], [both - 9, alone], rng()).value == 1
    assert np.isnan(improvement.probability([alone], [both], rng()).value)


NORMAL = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)  # as good as a population


@pytest.mark.parametrize(("effect", "textbook"), [(1.0, 17), (0.8, 26), (0.5, 64)])
def test_welch_needs_as_many_as_the_textbook_says(effect, textbook):
    """Cohen 1988, Statistical power analysis, table 2.4.1: two-sided 0.05, power 0.80."""
    assert seeds_needed.unpaired(NORMAL, NORMAL + effect, rng()) == pytest.approx(textbook, rel=0.1)


def test_pairing_needs_fewer_where_seeds_move_both_alike():
    # One sample, effect 0.5: 34 (two-sided 0.05, power 0.80).
    other = rng().permutation(NORMAL)
    assert seeds_needed.paired(NORMAL + 0.5 + other, other, rng()) == pytest.approx(34, rel=0.1)
    assert seeds_needed.unpaired(NORMAL + 0.5 + other, other, rng()) > 64


def test_what_is_certain_needs_two_what_is_equal_is_never_told_and_two_runs_say_nothing():
    ones = np.ones(5)
    assert seeds_needed.unpaired(ones, 2 * ones, rng()) == 2
    assert seeds_needed.unpaired(ones, ones, rng()) == np.inf
    assert np.isnan(seeds_needed.unpaired(ones, np.ones(2), rng()))
    with pytest.raises(ValueError, match="join them by seed"):
        seeds_needed.paired(ones, np.ones(4), rng())
