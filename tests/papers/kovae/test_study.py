"""Published numbers, the table of a peer's numbers, and the picture of eigenvalues."""

import csv

import numpy as np
import pandas as pd
import pytest
from project import PAPERS

from facsimile import figures, tables
from facsimile.comparison import published
from facsimile.presentation.context import Context, PublishedNumbers
from facsimile.presentation.spec import Spec
from facsimile.studies import reading

FOLDER = PAPERS / "kovae"
RESULTS = "results/reference/kovae/desk"


@pytest.fixture(scope="module")
def study(root):
    return reading.load(FOLDER / "study.yaml")


@pytest.fixture(scope="module")
def context(study):
    plain = Context.of(study, "desk")
    peers = {}
    for number in reversed(published.read(FOLDER / "published.csv", plain)):
        peers[number.quantity] = number.value
    return Context(plain.design, plain.scale, PublishedNumbers({}, peers))


@pytest.fixture(scope="module")
def results(root):
    folder = root / RESULTS
    return [pd.read_parquet(folder / f"{name}.parquet") for name in ("scores", "runs")]


def rows_of_file():
    with (FOLDER / "published.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_numbers_of_the_peer_are_listed():
    """348 numbers, all of peers: 264 of length 24, 64 of longer series, 20 training times."""
    rows = rows_of_file()
    assert len(rows) == 348
    assert {row["how"] for row in rows} == {"peer"}
    longer = [row for row in rows if "length" in row["dataset"]]
    hours = [row for row in rows if row["metric"] == "training_hours"]
    assert (len(longer), len(hours)) == (64, 20)


def test_each_number_of_a_peer_is_listed_once_below_ours(study, context, results):
    scores, runs = results
    spec = Spec.of("peers", study.tables["peers"])
    table = tables.make(scores, runs, spec, context)
    ours = [row for row in table.rows if row.n != "peer"]
    theirs = [row for row in table.rows if row.n == "peer"]
    assert [row.label for row in ours] == ["KoVAE for Stock, code"]
    assert len({(row.block, row.label) for row in theirs}) == len(theirs) == 3 * 4
    printed = {}
    for row in rows_of_file():
        if row["dataset"].startswith("stock_missing") and row["metric"] in spec.metrics:
            printed.setdefault((row["dataset"][-2:], row["model"]), []).append(float(row["value"]))
    for row in theirs:
        rate = row.block.partition(" % missing")[0][-2:]
        assert [entry.value for entry in row.entries] == printed[rate, row.label]
        assert all(np.isnan(entry.low) for entry in row.entries)
    assert "not comparable" in " ".join(table.notes)


@pytest.mark.slow
def test_the_picture_has_all_eigenvalues_of_all_runs(study, context, results):
    scores, _ = results
    spec = Spec.of("spectrum", study.figures["spectrum"])
    drawn = figures.draw("spectrum", scores, spec, context)
    assert len(drawn.data) == 9 * 16
    assert set(drawn.data.groupby("run").size()) == {16}
    radius = np.hypot(drawn.data["re"], drawn.data["im"]).groupby(drawn.data["run"]).max()
    named = scores[(scores["metric"] == "operator_spectrum") & (scores["score"] == "radius")]
    expected = named.set_index("run")["result"].loc[radius.index]
    np.testing.assert_allclose(radius, expected)
    assert len(drawn.figure.axes) == 3
