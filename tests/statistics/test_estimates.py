"""Intervals and correlations: compared with closed forms and SciPy, and on degenerate samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib import cbook
from scipy import stats

from facsimile.statistics import estimates


def rng():
    return np.random.default_rng(7)


def test_the_interval_of_a_mean_is_normal_for_many_values():
    values = np.random.default_rng(0).normal(size=2000)
    result = estimates.estimate(values, rng(), resamples=4000)
    half = 1.96 * values.std() / np.sqrt(values.size)
    assert result.n == 2000
    assert result.value == pytest.approx(values.mean())
    np.testing.assert_allclose(
        [result.low, result.high],
        [values.mean() - half, values.mean() + half],
        atol=0.05 * half * 2,
    )


def test_intervals_cover_the_truth_about_as_often_as_their_level():
    truth = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        result = estimates.estimate(truth.normal(size=40), truth, resamples=400)
        hits += result.low <= 0.0 <= result.high
    # 400 × .94 (percentile intervals are a little narrow at n = 40) ± four standard deviations.
    assert 357 <= hits <= 395


@pytest.mark.parametrize("name", estimates.STATISTICS)
def test_every_statistic_agrees_with_scipy_bootstrap(name):
    values = np.random.default_rng(2).gamma(2.0, size=60)
    statistic = estimates.STATISTICS[name]
    result = estimates.estimate(values, rng(), statistic, resamples=8000)
    other = stats.bootstrap(
        (values,),
        lambda v, axis: statistic(np.moveaxis(v, axis, -1)),
        method="percentile",
        rng=rng(),
    )
    spread = result.high - result.low
    assert result.low == pytest.approx(other.confidence_interval.low, abs=0.06 * spread)
    assert result.high == pytest.approx(other.confidence_interval.high, abs=0.06 * spread)


def test_iqm_drops_a_quarter_at_each_end():
    assert estimates.iqm(np.array([100.0, 1, 2, 3, 4, 5, 6, -100])) == pytest.approx(3.5)
    assert estimates.iqm(np.array([1.0, 2.0, 6.0])) == pytest.approx(3.0)


def test_strata_exclude_differences_between_cells_from_the_interval():
    cells = np.repeat(np.arange(6), 5)
    values = cells + np.random.default_rng(3).normal(scale=0.01, size=30)
    within = estimates.estimate(values, rng(), strata=cells)
    across = estimates.estimate(values, rng())
    assert within.high - within.low < 0.02 < 0.5 < across.high - across.low


@pytest.mark.parametrize("values", [[0.3], [0.1, 0.1, 0.1], [1.0] * 7])
def test_a_sample_without_variation_has_a_value_and_no_interval(values):
    result = estimates.estimate(np.array(values), rng())
    assert result.value == pytest.approx(values[0])
    assert np.isnan([result.low, result.high]).all()
    assert result.n == len(values)


def test_without_values_the_estimate_is_nan_with_n_zero():
    assert np.isnan(estimates.estimate(np.array([]), rng()).value)
    assert estimates.paired_difference(np.array([]), np.array([]), rng()).n == 0


def test_nan_among_the_values_is_an_error():
    with pytest.raises(ValueError, match="1 are not finite"):
        estimates.estimate(np.array([0.1, np.nan]), rng())


def test_the_same_purpose_gives_the_same_interval_in_any_order():
    values = np.arange(9.0)
    first = estimates.estimate(values, estimates.generator("fig2", "mig"))
    estimates.estimate(values, estimates.generator("fig2", "sap"))
    assert estimates.estimate(values, estimates.generator("fig2", "mig")) == first
    assert estimates.estimate(values, estimates.generator("fig2", "sap")) != first


def test_pairing_removes_what_pairs_share():
    shared = np.random.default_rng(4).normal(size=50)
    noise = np.random.default_rng(5).normal(scale=0.01, size=50)
    result = estimates.paired_difference(shared + 0.1 + noise, shared, rng())
    assert result.value == pytest.approx(0.1, abs=0.01)
    assert 0.09 < result.low < result.value < result.high < 0.11


def test_sides_of_different_length_are_an_error():
    with pytest.raises(ValueError, match="3 and 2"):
        estimates.paired_difference(np.arange(3.0), np.arange(2.0), rng())


@settings(max_examples=60)
@given(
    arrays(
        np.float64, st.tuples(st.just(2), st.integers(3, 30)), elements=st.integers(0, 6).map(float)
    )
)
def test_spearman_with_ties_equals_scipy(pair):
    x, y = pair
    result = estimates.spearman(x, y, rng(), resamples=5)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(result.value)
    else:
        assert result.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_a_resample_by_counts_equals_one_by_indices():
    gen = np.random.default_rng(6)
    x, y = gen.integers(0, 5, 40).astype(float), gen.normal(size=40)
    indices = gen.integers(40, size=40)
    counts = np.bincount(indices, minlength=40)[None]
    result = estimates._correlations(x[None], y[None], counts)[0, 0, 0]
    assert result == pytest.approx(stats.spearmanr(x[indices], y[indices]).statistic, abs=1e-12)


def test_a_monotone_pair_correlates_perfectly_and_has_no_interval():
    x = np.linspace(0, 1, 20)
    result = estimates.spearman(x, np.exp(x), rng())
    assert result.value == pytest.approx(1.0)
    assert np.isnan([result.low, result.high]).all()
    assert estimates.spearman(x, -x, rng()).value == pytest.approx(-1.0)


def test_the_interval_of_a_correlation_is_that_of_fisher_for_many_pairs():
    gen = np.random.default_rng(8)
    x, e = gen.normal(size=(2, 1500))
    result = estimates.spearman(x, 0.5 * x + e, rng())
    z = np.arctanh(result.value)
    # Fieller et al. 1957: variance 1.06 / (n - 3).
    half = 1.96 * 1.03 / np.sqrt(1500)
    np.testing.assert_allclose([result.low, result.high], np.tanh([z - half, z + half]), atol=0.008)


@pytest.mark.parametrize(
    ("x", "y"), [([], []), ([1.0, 2.0], [3.0, 1.0]), ([1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0])]
)
def test_an_undefined_correlation_is_nan(x, y):
    result = estimates.spearman(np.array(x), np.array(y), rng())
    assert np.isnan(result.value)
    assert result.n == len(x)


def test_the_parts_of_a_box_plot_are_matplotlibs():
    values = np.append(np.random.default_rng(0).normal(size=30), [8.0, -9.0])
    [box] = cbook.boxplot_stats(values)
    parts = {"lower whisker": "whislo", "upper whisker": "whishi"}
    parts |= {"lower quartile": "q1", "upper quartile": "q3", "median": "med"}
    for name, theirs in parts.items():
        assert estimates.STATISTICS[name](values) == pytest.approx(box[theirs])
    assert box["whishi"] < 8
    both = np.stack([values, values[::-1] + 1])
    whiskers = estimates.upper_whisker(both)
    assert whiskers.tolist() == pytest.approx([box["whishi"], box["whishi"] + 1])
