"""XYSquares, whose distances are known in closed form."""

import csv
import itertools

import numpy as np
import pytest
from project import PAPERS

from facsimile import datasets
from facsimile.datasets import Stored
from facsimile.foundation import discover
from facsimile.papers.overlap.datasets.xy_squares import XYSquares


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
    indices = np.random.default_rng(0).integers(0, len(grid), 100)
    np.testing.assert_array_equal(rows[indices], grid.factors(indices))


@pytest.mark.parametrize("spacing", range(1, 9))
def test_two_places_are_as_far_apart_as_the_spacing_says(spacing):
    """A square moved by j places changes 2 · 8 · min(8, j · spacing) of 12,288 values.

    It uncovers min(8, j · spacing) columns and covers as many.
    """
    data_class = discover.load_class("datasets", f"xy_squares_{spacing}", Stored)
    places = np.zeros((8, 6), np.uint8)
    places[:, 0] = range(8)
    lit = data_class(places, {}).decode(places).astype(int) // 255
    assert lit.sum(axis=(1, 2, 3)).tolist() == [3 * 64] * 8
    changed = np.abs(lit - lit[0]).sum(axis=(1, 2, 3))
    assert changed.tolist() == [2 * 8 * min(8, j * spacing) for j in range(8)]
    # The grid is centred: the margins before the first and after the last place are equal, or one
    # pixel less.
    columns = np.flatnonzero(lit[:, :, :, 0].any(axis=(0, 1)))
    assert 63 - columns[-1] - columns[0] in (0, 1)


@pytest.mark.parametrize("spacing", range(1, 9))
def test_the_stated_distances_follow_from_counting_pixels(spacing):
    distances = []
    for first, second in itertools.permutations(range(8), 2):
        changed = 2 * 8 * min(8, abs(first - second) * spacing)
        distances.append(changed / (64 * 64 * 3))
    exact = {"mean": np.mean(distances), "std": np.std(distances)}
    found = {}
    with (PAPERS / "overlap" / "published.csv").open() as lines:
        for row in csv.DictReader(lines):
            if row["artefact"] == "spacings" and row["dataset"] == f"xy_squares_{spacing}":
                found[row["metric"].removeprefix("perceived_distance.x_red_")] = float(row["value"])
    assert found == pytest.approx(exact, abs=1e-8)
