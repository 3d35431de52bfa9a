"""Probability of improvement and seeds needed, compared with textbook values."""

import numpy as np
import pytest
from scipy import stats

from facsimile.statistics import improvement, seeds_needed


def rng():
    return np.random.default_rng(0)


def test_it_is_the_share_of_pairs_with_ties_for_half():
    # 1 < 2, 1 < 3, 3 > 2, 3 = 3
    result = improvement.probability([np.array([1.0, 3.0])], [np.array([2.0, 3.0])], rng())
    assert result.value == pytest.approx(1.5 / 4)
    assert result.n == 4


def test_it_is_mann_whitneys_u_averaged_over_tasks():
    rng_of_data = rng()
    first = [rng_of_data.standard_normal(9), rng_of_data.standard_normal(12) + 1]
    second = [rng_of_data.standard_normal(7), rng_of_data.standard_normal(5)]
    shares = []
    for a, b in zip(first, second, strict=True):
        u = stats.mannwhitneyu(a, b).statistic
        shares.append(u / (a.size * b.size))
    result = improvement.probability(first, second, rng())
    assert result.value == pytest.approx(np.mean(shares))
    assert result.low < result.value < result.high


def test_the_interval_has_the_theoretical_width():
    # For equal distributions, the variance of U/nm is (n + m + 1)/(12 n m).
    rng_of_data = rng()
    result = improvement.probability(
        [rng_of_data.standard_normal(100)], [rng_of_data.standard_normal(80)], rng()
    )
    assert result.high - result.low == pytest.approx(2 * 1.96 * np.sqrt(181 / (12 * 8000)), rel=0.1)


def test_a_task_without_runs_on_one_side_is_left_out():
    runs, empty = np.array([1.0, 2.0]), np.array([])
    assert improvement.probability([runs, runs], [runs - 9, empty], rng()).value == 1
    assert np.isnan(improvement.probability([empty], [runs], rng()).value)


# Practically the whole population.
NORMAL = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)


@pytest.mark.parametrize(("effect", "textbook"), [(1.0, 17), (0.8, 26), (0.5, 64)])
def test_welch_needs_as_many_seeds_as_in_the_textbook(effect, textbook):
    """Cohen 1988, Statistical power analysis, table 2.4.1: two-sided 0.05, power 0.80."""
    assert seeds_needed.unpaired(NORMAL, NORMAL + effect, rng()) == pytest.approx(textbook, rel=0.1)


def test_pairing_needs_fewer_seeds_if_they_affect_both_methods():
    # One sample, effect 0.5: 34 (two-sided 0.05, power 0.80).
    other = rng().permutation(NORMAL)
    assert seeds_needed.paired(NORMAL + 0.5 + other, other, rng()) == pytest.approx(34, rel=0.1)
    assert seeds_needed.unpaired(NORMAL + 0.5 + other, other, rng()) > 64


def test_seeds_needed_for_certain_equal_and_too_few_runs():
    ones = np.ones(5)
    assert seeds_needed.unpaired(ones, 2 * ones, rng()) == 2
    assert seeds_needed.unpaired(ones, ones, rng()) == np.inf
    assert np.isnan(seeds_needed.unpaired(ones, np.ones(2), rng()))
    with pytest.raises(ValueError, match="join them by seed"):
        seeds_needed.paired(ones, np.ones(4), rng())
