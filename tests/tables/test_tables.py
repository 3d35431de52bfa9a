"""Tables: numbers, intervals, n and failures; as CSV, Markdown, LaTeX and on the console."""

import io
import re

import pandas as pd
import pytest
import synthetic
from rich.console import Console

from facsimile import tables
from facsimile.foundation import discover
from facsimile.presentation import rendering


def make(kind="scores", runs=None, title="Scores of every method", **changes):
    runs = synthetic.runs(3) if runs is None else runs
    spec = synthetic.spec(kind, id="table1", title=title, **changes)
    return tables.make(synthetic.scores(runs), runs, spec, synthetic.context())


@pytest.fixture
def broken():
    """Runs, one of which failed and one of which is missing."""
    runs = synthetic.runs(3)
    runs.loc[9, ["state", "reason"]] = [
        "failed",
        "non-finite loss at step 1234, last finite loss 86.1",
    ]
    runs.loc[20, ["state", "reason"]] = ["missing", "not made yet"]
    return runs


def test_rows_are_the_studys_methods_in_order_then_the_controls():
    table = make()
    assert [(row.block, row.label) for row in table.rows] == [
        ("Methods", "β-VAE"),
        ("Methods", "FactorVAE"),
        ("Methods", "DIP-VAE-I"),
        ("Methods", "DIP-VAE-II"),
        ("Methods", "β-TCVAE"),
        ("Methods", "AnnealedVAE"),
        ("Controls", "Oracle"),
        ("Controls", "Noise"),
    ]
    assert table.columns == [
        "BetaVAE score",
        "FactorVAE score",
        "MIG",
        "DCI disentanglement",
        "Modularity",
        "SAP",
    ]


def test_an_entry_is_the_mean_of_its_runs_inside_its_interval():
    runs = synthetic.runs(3)
    data = make(runs=runs).data
    row = data[(data["model"] == "beta_vae") & (data["metric"] == "mig.mig")].iloc[0]
    results = synthetic.scores(runs).query("model == 'beta_vae' and metric == 'mig'")["result"]
    assert row["mean"] == pytest.approx(results.mean())
    assert row["n"] == len(results) == 9
    assert results.min() < row["low"] < row["mean"] < row["high"] < results.max()


def test_one_run_and_a_constant_have_no_interval():
    text = make().wide().set_index("method")
    assert text.loc["Oracle", "MIG"] == "0.896 –"
    assert text.loc["β-VAE", "Modularity"] == "0.800 –"


def test_failed_and_missing_runs_are_counted_and_named(broken):
    table = make(runs=broken)
    wide = table.wide().set_index("method")
    assert wide.loc["FactorVAE", "n"] == "8 of 9"
    assert wide.loc["DIP-VAE-I", "n"] == "8 of 9"
    assert wide.loc["β-VAE", "n"] == "9"
    notes = " ".join(table.notes)
    failure = "FactorVAE γ = 10, seed 0: non-finite loss at step 1234, last finite loss 86.1."
    assert f"1 of 56 runs failed: {failure}" in notes
    assert "1 of 56 runs are missing" in notes
    row = table.data[table.data["model"] == "factor_vae"].iloc[0]
    assert (row["n"], row["done"], row["failed"], row["missing"]) == (8, 8, 1, 0)


def test_a_score_that_some_runs_lack_prints_its_own_n():
    runs = synthetic.runs(3)
    scores = synthetic.scores(runs)
    gone = (scores["metric"] == "mig") & (scores["model"] == "beta_vae") & (scores["seed"] < 2)
    table = tables.make(scores[~gone], runs, synthetic.spec("scores"), synthetic.context())
    row = table.wide().set_index("method").loc["β-VAE"]
    assert row["MIG"].endswith("n=3")
    assert "n=" not in row["SAP"]


def test_a_method_without_any_run_is_a_dash():
    runs = synthetic.runs(2)
    runs.loc[runs["model"] == "annealed_vae", "state"] = "missing"
    row = make(runs=runs).wide().set_index("method").loc["AnnealedVAE"]
    assert row["n"] == "0 of 6"
    assert row["MIG"] == "–"


def test_cells_are_rows_in_the_order_of_the_sweep():
    labels = [row.label for row in make("cells", runs=synthetic.runs(2, (5, 0))).rows]
    assert labels[:4] == ["β-VAE β = 1", "β-VAE β = 16", "FactorVAE γ = 10", "FactorVAE γ = 100"]
    assert labels[-2:] == ["Oracle", "Noise"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["scores", "cells"])
def test_notes_say_scale_steps_points_convention_and_substitution(kind):
    notes = " ".join(make(kind).notes)
    for part in (
        "smoke scale",
        "200 of 300,000 steps",
        "1,000 + 500 evaluation points",
        "dlib convention",
        "paper: Cars3D; here: dSprites",
    ):
        assert part in notes


@pytest.mark.parametrize(("kind", "rows"), [("scores", 8), ("cells", 36)])
def test_the_comparison_looks_up_every_row_of_both_data_sets(kind, rows):
    spec = synthetic.spec(kind, metrics=("mig.mig",))
    cells = discover.module("tables", kind).cells(spec, synthetic.context())
    assert len(set(cells)) == len(cells) == 2 * rows


@pytest.mark.slow
def test_rows_of_few_runs_get_a_warning():
    warning = "Intervals of fewer than 5 runs are too narrow."
    assert warning in make(runs=synthetic.runs(1, (0, 5))).notes
    assert warning not in make(runs=synthetic.runs(3)).notes


def test_without_metrics_the_headline_of_each_is_shown():
    runs = synthetic.runs(1, (0,))
    scores = synthetic.scores(runs)
    more = scores[scores["metric"] == "dci"].assign(score="completeness")
    spec = synthetic.spec("scores", metrics=())
    table = tables.make(pd.concat([scores, more]), runs, spec, synthetic.context())
    assert table.columns == make().columns


def test_an_unknown_kind_names_what_there_is():
    with pytest.raises(discover.UnknownName, match="did you mean 'scores'"):
        make("score")


def test_saved_files_hold_the_same_numbers(tmp_path, broken):
    table = make(runs=broken)
    paths = tables.save(table, tmp_path, "table1")
    assert [path.name for path in paths] == ["table1.csv", "table1.md", "table1.tex"]
    read = pd.read_csv(
        paths[0], dtype={"params": str}, keep_default_na=False, na_values={"low": "", "high": ""}
    )
    pd.testing.assert_frame_equal(read, table.data, check_dtype=False)
    number = f"{table.data['mean'][0]:.3f}"
    for path in paths[1:]:
        assert number in path.read_text()
        assert "8 of 9" in path.read_text()


def test_markdown_is_a_table_of_equal_columns():
    lines = [line for line in make().markdown().splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2 + 8  # head, two blocks, eight rows
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {9}


@pytest.mark.slow
def test_latex_is_balanced_and_plain():
    text = make("cells", title="50 % of a_b & c").latex("tab:x")
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    # Without line ends and escaped braces.
    bare = re.sub(r"\\[\\{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert r"\caption{50 \% of a\_b \& c." in text
    body = text.split(r"\toprule")[1].split(r"\bottomrule")[0]
    rows = [
        line for line in body.splitlines() if line.endswith(r"\\") and "multicolumn" not in line
    ]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in rows} == {7}
    assert text.isascii()


def test_the_console_shows_every_method_and_note():
    out = io.StringIO()
    Console(file=out, width=120).print(make().console())
    for word in (
        "AnnealedVAE",
        "Controls",
        "DCI",
        "1.000 –",
        "Substitution: paper: Cars3D; here: dSprites.",
    ):
        assert word in out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_narrow_console_loses_no_column(width):
    out = io.StringIO()
    Console(file=out, width=width).print(make().console())
    text = out.getvalue()
    assert all(len(line) <= width for line in text.splitlines())
    for word in ("FactorVAE", "disentanglement", "SAP"):
        assert word in text
    assert text.count("Controls") == {60: 3, 80: 2, 200: 1}[width]  # once per part


def test_an_interval_is_dashed_only_where_a_number_is():
    nan = float("nan")
    assert rendering.Entry(0.5, 0.4, 0.6).line() == "0.500 [0.400, 0.600]"
    assert rendering.Entry(0.5, nan, nan).line() == "0.500 –"
    assert rendering.Entry(nan, nan, nan).line() == "–"
