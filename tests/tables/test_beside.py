"""Tables of our numbers beside the closed form and the published one; figures of both."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import synthetic

from facsimile import figures, tables
from facsimile.presentation import names
from facsimile.presentation.rendering import Entry
from facsimile.presentation.spec import Quantity

VALUES = {"one": -8.0, "five": -7.0}


def frames(theory=True):
    """Runs and scores of two labelled cells of one model, three seeds each.

    The cell ``one`` has a closed form.
    """
    runs = [
        {
            "run": f"toy/m/{label}/{seed}",
            "dataset": "toy",
            "model": "m",
            "label": label,
            "params": json.dumps({"beta": place, "eta": 1}),
            "seed": seed,
            "control": False,
            "state": "done",
            "reason": "",
        }
        for place, label in enumerate(VALUES)
        for seed in range(3)
    ]
    scores = [
        run | {"metric": "f", "score": "x", "result": VALUES[run["label"]] + run["seed"] / 10}
        for run in runs
    ]
    if theory:
        scores += [
            run | {"metric": "f", "score": "x_theory", "result": -8.05}
            for run in runs
            if run["label"] == "one"
        ]
    return pd.DataFrame(runs), pd.DataFrame(scores)


def context(**changes):
    return synthetic.context(
        datasets=("toy",),
        methods=dict.fromkeys(VALUES, ("beta",)),
        labels=dict.fromkeys(VALUES, "m"),
        metrics=("f",),
        **changes,
    )


def spec(kind="beside"):
    return synthetic.spec(kind, id="t", datasets=(), metrics=("f.x",))


def test_where_shows_cells_with_these_hyper_parameters():
    runs, scores = frames()
    only = dataclasses.replace(spec(), where=(("beta", 1), ("missing", 0)))
    table = tables.make(scores, runs, only, context())
    assert [row.label for row in table.rows] == ["five"]


def test_the_number_of_one_run_stands_beside_the_mean_of_ours():
    runs, scores = frames(theory=False)
    published = {Quantity("t", "toy", "five", "", "f.x", "one run"): -7.5}
    table = tables.make(scores, runs, spec(), context(authors=published))
    assert table.columns == ["x", "x, published"]
    assert table.rows[1].entries[1].value == -7.5


def test_a_row_has_ours_the_closed_form_and_the_first_published_number():
    runs, scores = frames()
    published = {Quantity("t", "toy", "five", "", "f.x", "mean"): -7.5}
    table = tables.make(scores, runs, spec(), context(authors=published))
    assert table.columns == ["x", "x, closed form", "x, published"]
    one, five = table.rows
    assert (one.label, one.n) == ("one", "3")
    assert [entry.value for entry in one.entries[:2]] == pytest.approx([-7.9, -8.05])
    assert np.isnan(one.entries[2].value)
    assert np.isnan(five.entries[1].value)
    assert five.entries[2].value == -7.5
    assert {cell.model for cell in tables_cells()} == set(VALUES)


def test_numbers_published_by_peers_have_their_own_column():
    runs, scores = frames(theory=False)
    peers = {Quantity("t", "toy", "one", "", "f.x", "mean"): -6.5}
    table = tables.make(scores, runs, spec(), context(peers=peers))
    assert table.columns == ["x", "x, peers'"]
    assert table.rows[0].entries[1].value == -6.5
    assert np.isnan(table.rows[1].entries[1].value)


@pytest.mark.parametrize(("printed", "text"), [(-7.5, "-7.500"), (-7.50126, "-7.50126")])
def test_a_column_has_the_decimals_that_were_printed_and_three_at_least(printed, text):
    runs, scores = frames(theory=False)
    published = {Quantity("t", "toy", "five", "", "f.x", "mean"): printed}
    table = tables.make(scores, runs, spec(), context(authors=published))
    ours, theirs = table.rows[1].entries
    assert theirs.number() == text
    assert ours.number() == f"{ours.value:.{len(text) - len('-7.')}f}"


def tables_cells():
    from facsimile.foundation import discover

    return discover.module("tables", "beside").cells(spec(), context())


def test_columns_without_any_number_are_left_out():
    runs, scores = frames(theory=False)
    assert tables.make(scores, runs, spec(), context()).columns == ["x"]


def test_a_row_per_score_with_its_difference():
    runs, scores = frames()
    published = {Quantity("t", "toy", "five", "", "f.x", "mean"): -7.5}
    table = tables.make(
        scores,
        runs,
        dataclasses.replace(spec("by_score"), metrics=("f",)),
        context(authors=published),
    )
    assert [row.label for row in table.rows] == ["one x", "five x", "one x theory"]
    ours, published, difference = table.rows[1].entries
    assert (ours.value, published.value, difference.value) == pytest.approx((-6.9, -7.5, 0.6))
    assert ours.number() == "-6.9000"


def test_lines_are_drawn_from_the_history_with_their_closed_form():
    _, scores = frames()
    history = pd.DataFrame(
        {"step": [0, 1, 2], "loss": 1.0, "x": [-9.0, -8.5, -8.0], "x_0": 1.0, "x_other": 2.0}
    )
    drawn = figures.draw("lines", scores, spec("lines"), context(history=lambda run: history))
    assert set(drawn.data["line"]) == {"x", "x_0"}
    one = drawn.data[(drawn.data["run"] == "toy/m/one/0") & (drawn.data["line"] == "x")]
    assert one["value"].tolist() == [-9.0, -8.5, -8.0]
    assert set(one["theory"]) == {-8.05}
    restricted = dataclasses.replace(spec("lines"), where=(("beta", 1.0),))
    drawn = figures.draw("lines", scores, restricted, context(history=lambda run: history))
    assert set(drawn.data["run"]) == {"toy/m/five/0"}


def test_a_sweep_is_drawn_where_a_closed_form_is_known():
    _, scores = frames()
    drawn = figures.draw("against_theory", scores, spec("against_theory"), context())
    [row] = drawn.data.to_dict("records")
    assert (row["text"], row["ours"], row["theory"], row["n"]) == (
        "one",
        pytest.approx(-7.9),
        -8.05,
        3,
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1234, "0.123"),
        (2.5e-5, "2.5e-05"),
        (0.0, "0.000"),
        (1.7e-18, "0.000"),
        (-3e-4, "-3.0e-04"),
    ],
)
def test_a_small_number_does_not_look_like_zero(value, text):
    assert Entry(value, np.nan, np.nan).number() == text


def test_scores_of_one_metric_are_shown_without_its_name():
    assert names.scores(["linear_optimum.omega_error", "linear_optimum.kl"]) == ["ω error", "KL"]
    assert names.scores(["mig.mig", "sap.sap"]) == ["MIG", "SAP"]
