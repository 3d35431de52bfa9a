"""The scores of designs by an oracle that is a table."""

import itertools
import types

import numpy as np
import pytest

from facsimile.metrics import offline_optimum

TABLE = np.array(list(itertools.product(range(3), repeat=2)))  # 9 sequences


def outputs(designs):
    scores = np.linspace(5, 13, 9).astype(np.float32)  # rises along the table
    data = {"sequence": TABLE, "score": scores, "offline": (np.arange(9) < 5).astype(int)}
    return types.SimpleNamespace(data=data, inferred={"designs": np.array(designs)})


def test_percentiles_on_the_scale_of_the_whole_table():
    """Rows 8, 4, 6, 2, 0 of the table have the normalised scores 1, 0.5, 0.75, 0.25 and 0."""
    found = offline_optimum.score(outputs(TABLE[[8, 4, 6, 2, 0]]))
    assert found == pytest.approx(
        {
            "normalised_100th": 1.0,
            "normalised_80th": 1.0,  # 0.8 of 4 steps is between 0.75 and 1: the upper of them
            "normalised_50th": 0.5,
            "best_offline": 0.5,
            "above_offline": 0.4,
            "distinct": 1.0,
        }
    )


def test_the_best_offline_designs_are_not_above_themselves_and_copies_are_counted_once():
    found = offline_optimum.score(outputs(TABLE[[4, 4, 4, 3]]))
    assert found["normalised_100th"] == found["best_offline"] == 0.5
    assert found["above_offline"] == 0
    assert found["distinct"] == 0.5


def test_the_order_of_the_table_does_not_matter():
    order = np.random.default_rng(0).permutation(9)
    rows = offline_optimum.rows_of(TABLE, TABLE[order])
    np.testing.assert_array_equal(TABLE[order][rows], TABLE)


def test_a_design_without_a_score_is_named():
    with pytest.raises(ValueError, match=r"no score of the design \[2, 1\]: its table has 7"):
        offline_optimum.rows_of(np.array([[0, 1], [2, 1]]), TABLE[:7])
