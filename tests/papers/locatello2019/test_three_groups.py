"""Thirds of the runs by one score, and the mean of another in each."""

import pandas as pd
import pytest

from facsimile.papers.locatello2019.figures import three_groups


def test_groups_are_thirds_by_the_score_and_bars_their_means():
    rows = []
    for run in range(7):
        rows.append((f"run{run}", "mig.mig", 10.0 - run))
        rows.append((f"run{run}", "downstream.lr_10", float(run)))
    scores = pd.DataFrame(rows, columns=["run", "name", "result"])
    table = three_groups.means(scores, "dsprites", "mig.mig", ["downstream.lr_10"])
    # The highest MIG has run 0, so the groups are runs 6, 5, 4; 3, 2; and 1, 0.
    assert table["group"].tolist() == list(three_groups.GROUPS)
    assert table["n"].tolist() == [3, 2, 2]
    assert table["mean"].tolist() == pytest.approx([5, 2.5, 0.5])
    assert (table["low"] <= table["mean"]).all()


def test_a_run_without_the_grouping_score_is_in_no_group():
    rows = [("a", "mig.mig", 0.1), ("a", "sap.sap", 1.0), ("b", "sap.sap", 2.0)]
    scores = pd.DataFrame(rows, columns=["run", "name", "result"])
    table = three_groups.means(scores, "dsprites", "mig.mig", ["sap.sap"])
    assert table["n"].sum() == 1
    assert table["mean"].iloc[0] == 1
