"""Which points a metric is given."""

import numpy as np
import pytest

from facsimile.metrics.base import draws as base_draws


def both(grid):
    """The table as a grid, and one without its last row, which is none."""
    codes = np.arange(len(grid.factors), dtype=np.float32)[:, None]
    return base_draws.Table(codes, grid.factors), base_draws.Table(codes[:-1], grid.factors[:-1])


def test_a_grid_in_another_order_of_rows_gives_the_same_points(grid):
    shuffled = np.random.default_rng(0).permutation(len(grid.factors))
    codes = grid.entangled()
    one = base_draws.from_table(codes, grid.factors, 100, 50, seed=3)
    other = base_draws.from_table(codes[shuffled], grid.factors[shuffled], 100, 50, seed=3)
    np.testing.assert_array_equal(one.train.codes, other.train.codes)
    np.testing.assert_array_equal(one.test.factors, other.test.factors)


def test_values_may_have_any_numbers(grid):
    table = base_draws.Table(grid.oracle(), 3 * grid.factors - 7)
    np.testing.assert_array_equal(table.factors, grid.factors)


def test_fixed_batches_share_one_value_of_one_factor(grid):
    for table in both(grid):
        drawn = table.factors[table.draw_fixed(200, 2, np.random.RandomState(0))]
        assert np.ptp(drawn[:, 2]) == 0
        assert (np.ptp(drawn[:, [0, 1, 3]], axis=0) == np.array(grid.sizes)[[0, 1, 3]] - 1).all()


def test_pairs_agree_in_one_factor(grid):
    for table in both(grid):
        one, two = (
            table.factors[rows] for rows in table.draw_pairs(500, 1, np.random.RandomState(0))
        )
        assert (one[:, 1] == two[:, 1]).all()
        assert ((one == two).mean(axis=0)[[0, 2, 3]] < 0.5).all()
        assert len(np.unique(one[:, 1])) == grid.sizes[1]


def test_rows_of_a_table_without_a_grid_are_sampled_uniformly(grid):
    _, table = both(grid)
    counts = np.bincount(
        table.draw(50 * len(table.codes), np.random.RandomState(0)), minlength=len(table.codes)
    )
    chi_square = ((counts - 50) ** 2 / 50).sum()
    free = len(counts) - 1
    assert abs(chi_square - free) < 4 * np.sqrt(2 * free)


def test_a_value_with_a_single_row_cannot_be_held():
    table = base_draws.Table(
        np.zeros((5, 1), np.float32), np.array([[0, 0], [0, 1], [1, 0], [1, 1], [2, 0]])
    )
    with pytest.raises(ValueError, match="value 2 has a single row"):
        table.draw_fixed(4, 0, np.random.RandomState(0))


def test_shared_work_is_done_once(grid):
    draws = base_draws.from_table(grid.oracle(), grid.factors, 50, 20, seed=0)
    calls = []
    assert [draws.shared("key", lambda: calls.append(1) or len(calls)) for _ in range(3)] == [
        1,
        1,
        1,
    ]
