"""XYSquares, whose distances are known in closed form."""

import numpy as np

from facsimile import datasets
from facsimile.datasets.xy_squares import XYSquares


def test_a_row_says_where_each_channel_is_lit(tmp_path):
    data = XYSquares(np.array([[1, 2, 0, 0, 7, 7]], np.uint8), {})
    [image] = data.images([0])
    assert np.argwhere(image[:, :, 0]).min(axis=0).tolist() == [16, 8]
    assert np.argwhere(image[:, :, 0]).max(axis=0).tolist() == [23, 15]
    assert np.argwhere(image[:, :, 2]).min(axis=0).tolist() == [56, 56]
    assert image.sum() == 3 * 64 * 255


def test_rows_are_the_grid_in_c_order():
    rows = np.concatenate(list(XYSquares.blocks(None)))
    grid = datasets.grid("xy_squares")
    some = np.random.default_rng(0).integers(0, len(grid), 100)
    np.testing.assert_array_equal(rows[some], grid.factors(some))
