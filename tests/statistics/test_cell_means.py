"""The correlation of the means of cells: known points, and what its interval covers."""

import numpy as np
import pytest

from facsimile.statistics import cell_means


def rng():
    return np.random.default_rng(3)


def test_it_is_pearsons_correlation_of_the_means():
    x, y = rng().normal(size=(2, 40))
    cells = np.arange(40) % 8
    points = np.array([[x[cells == k].mean(), y[cells == k].mean()] for k in range(8)])
    result = cell_means.pearson(x, y, cells, rng())
    assert result.value == pytest.approx(np.corrcoef(points.T)[0, 1])
    assert result.n == 40
    assert result.low < result.value < result.high


def test_seeds_that_do_not_vary_leave_no_interval():
    x, y = np.repeat([1.0, 2.0, 4.0], 2), np.repeat([3.0, 1.0, 0.5], 2)
    result = cell_means.pearson(x, y, np.repeat([1, 2, 4], 2), rng())
    assert result.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert np.isnan([result.low, result.high]).all()


def test_the_interval_covers_other_seeds_about_as_often_as_its_level():
    truth = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [1.0, 0.8], [2.0, 1.2], [3.0, 4.0]])
    expected = np.corrcoef(centres.T)[0, 1]
    cells = np.repeat(np.arange(4), 20)
    hits = 0
    for _ in range(200):
        both = centres[cells] + truth.normal(size=(80, 2))
        result = cell_means.pearson(both[:, 0], both[:, 1], cells, truth, resamples=300)
        hits += result.low <= expected <= result.high
    # 200 × 0.95 less four standard deviations; noise makes the correlation of means a little lower.
    assert hits >= 174


@pytest.mark.parametrize("cells", [[1, 1, 2, 2], [1, 1, 1, 1]])
def test_fewer_than_three_cells_have_no_correlation(cells):
    x, y = rng().normal(size=(2, 4))
    assert np.isnan(cell_means.pearson(x, y, np.array(cells), rng()).value)


def test_no_runs_have_no_correlation():
    result = cell_means.pearson(np.zeros(0), np.zeros(0), np.zeros(0), rng())
    assert np.isnan(result.value)
    assert result.n == 0


def test_a_constant_side_has_no_correlation():
    x = rng().normal(size=6)
    result = cell_means.pearson(x, np.ones(6), np.arange(6), rng())
    assert np.isnan(result.value)


def test_different_lengths_raise():
    with pytest.raises(ValueError, match="not 3 and 2 values and 3 cells"):
        cell_means.pearson(np.zeros(3), np.zeros(2), np.arange(3), rng())
