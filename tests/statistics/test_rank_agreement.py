"""Rank correlations of many scores over the same runs."""

import numpy as np
import pytest
from scipy import stats

from facsimile.statistics import estimates, rank_agreement


def test_every_pair_has_spearmans_correlation_and_its_usual_interval():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((60, 3)) + rng.standard_normal((60, 1))
    pairs = rank_agreement.pairs(3)
    correlations, resampled = rank_agreement.correlations(values, pairs, rng)
    for (i, j), value, draws in zip(pairs, correlations, resampled, strict=True):
        assert value == pytest.approx(stats.spearmanr(values[:, i], values[:, j]).statistic)
        usual = estimates.spearman(values[:, i], values[:, j], rng)
        assert estimates.limits(draws) == pytest.approx((usual.low, usual.high), abs=0.03)


def test_pairs_within_one_group_and_between_two():
    assert rank_agreement.pairs(3) == [(0, 1), (0, 2), (1, 2)]
    assert rank_agreement.pairs(2, 2) == [(0, 2), (0, 3), (1, 2), (1, 3)]


def test_correlations_of_a_constant_or_of_two_runs_are_nan():
    rng = np.random.default_rng(0)
    correlations, resampled = rank_agreement.correlations(
        np.column_stack([np.arange(9.0), np.ones(9)]), [(0, 1)], rng
    )
    assert np.isnan(correlations).all()
    assert np.isnan(resampled).all()
    assert np.isnan(
        rank_agreement.correlations(np.arange(4.0).reshape(2, 2), [(0, 1)], rng)[0]
    ).all()
