"""``facsimile show``: one screen by default, everything on demand, shipped results by a flag."""

import math
import shutil

import pandas as pd
import pytest
from project import PAPERS, ROOT

from facsimile.commands import artefacts, shipped_results
from facsimile.comparison import claims, judge, numbers_view
from facsimile.comparison.verdict import INSIDE_INTERVAL
from facsimile.planning import shipped
from facsimile.planning import workspace as workspaces
from facsimile.studies import reading

SHIPPED = sorted(path.parent.name for path in (ROOT / "results" / "reference").glob("*/desk"))


def test_the_first_screen_is_short_and_counts_no_number_without_a_source(facsimile):
    result = facsimile("show", "locatello2019", "--reference")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) < 60
    assert "published numbers: 6 reproduced · 109 not comparable" in lines
    assert "no source" not in result.stdout
    assert "report: make it with: snakemake locatello2019_report --config scale=desk" in lines


def test_all_of_it_is_longer_and_lists_the_files(facsimile):
    short = facsimile("show", "overlap", "--reference").stdout
    result = facsimile("show", "overlap", "--reference", "--all")
    assert len(result.stdout.splitlines()) > 2 * len(short.splitlines())
    assert "results/reference/overlap/desk/scores.parquet" in result.stdout


def test_each_number_of_the_first_table_that_is_judged_has_a_mark(facsimile):
    text = facsimile("show", "overlap", "--reference").stdout
    table, _, _ = text.partition("published numbers:")
    assert table.count(" ✓") == 26
    assert "published numbers: 30 reproduced" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["overlap", "--scale", "paper"], "are shipped (scale desk, spacings): --reference"),
        (["overlap", "--scale", "desk"], "facsimile show overlap --scale desk --reference"),
        (["overlap", "--scale", "paper", "--reference"], "reference/overlap/paper: no scores yet"),
        (["overlap", "--scale", "dsk", "--reference"], "did you mean 'desk'?"),
    ],
)
def test_missing_results_are_an_error_that_says_where_there_are_some(
    facsimile, tmp_path, arguments, message
):
    result = facsimile("show", *arguments, "--set", f"results={tmp_path}")
    assert result.returncode == 1
    assert message in result.stderr


def shipped_comparison(study):
    """The shipped comparison of a study."""
    return numbers_view.read(ROOT / "results" / "reference" / study / "desk" / "comparison.csv")


def row(**changes):
    """A row of comparison.csv that is reproduced."""
    return {
        "artefact": "table1",
        "dataset": "dsprites",
        "model": "beta_vae",
        "params": "",
        "metric": "mig.mig",
        "statistic": "mean",
        "value": 0.25,
        "how": "printed",
        "ours": 0.2504,
        "low": math.nan,
        "high": math.nan,
        "n": 5,
        "verdict": "reproduced",
        "reason": "difference +0.0004, tolerance 0.001",
        "faithful_to": "",
    } | changes


def printed(rows, capsys, width=100):
    from rich.console import Console

    Console(width=width).print(numbers_view.compact(pd.DataFrame(rows), "Table 1"))
    return capsys.readouterr().out


def test_an_interval_is_shown_where_it_decided(capsys):
    inside = {"low": 0.1, "high": 0.4, "ours": 0.3, "reason": f"{INSIDE_INTERVAL} of 5 runs"}
    text = printed([row(), row(metric="sap.sap", **inside)], capsys)
    assert "0.250 0.250 ✓" in text
    assert "[0.100, 0.400]" in text
    assert text.count("[") == 1


def test_a_number_published_twice_says_how_and_one_without_source_is_left_out(capsys):
    twice = [row(), row(how="released", value=0.25041)]
    text = printed([*twice, row(metric="sap.sap", verdict="no source")], capsys)
    assert "(printed)" in text
    assert "(released)" in text
    assert "SAP" not in text


def test_all_studies_with_results_fit_one_screen_that_ends_in_what_to_do_next(
    facsimile, root, tmp_path
):
    for study in ("overlap", "prog_vi"):
        source = root / "results" / "reference" / study / "desk"
        shutil.copytree(source, tmp_path / "studies" / study / "desk")
    result = facsimile("show", "--scale", "desk", "--set", f"results={tmp_path}")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) < 75
    verdicts = [
        *shipped_comparison("overlap")["verdict"],
        *shipped_comparison("prog_vi")["verdict"],
    ]
    n_reproduced, n_differ = verdicts.count("reproduced"), verdicts.count("differs")
    counts = f"{n_reproduced} reproduced"
    if n_differ:
        counts += f" · {n_differ} {'differs' if n_differ == 1 else 'differ'}"
    assert f"published numbers re-made here: {counts}" in lines
    assert [line.partition(":")[0] for line in lines[-4:]] == [
        "open this page",
        "score your latents",
        "add your model",
        "run it on a cluster",
    ]


def test_without_results_of_any_study_the_error_says_how_to_get_them(facsimile, tmp_path):
    result = facsimile("show", "--scale", "desk", "--set", f"results={tmp_path}")
    assert result.returncode == 1
    assert "snakemake STUDY --config scale=desk" in result.stderr


@pytest.mark.parametrize("study", SHIPPED)
def test_shipped_verdicts_have_the_columns_of_this_version(root, study):
    folder = root / "results" / "reference" / study / "desk"
    assert list(numbers_view.read(folder / "comparison.csv").columns) == judge.COLUMNS
    claims_path = folder / "claims.csv"
    declared = reading.load(PAPERS / study / "study.yaml").claims
    assert claims_path.exists() == bool(declared)
    if declared:
        table = pd.read_csv(claims_path)
        assert list(table.columns) == claims.COLUMNS
        assert list(table["claim"]) == list(declared)


def test_shipped_verdicts_are_written_again(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    copy = tmp_path / "reference"
    shutil.copytree(root / "results" / "reference" / "prog_vi", copy / "prog_vi")
    monkeypatch.setattr(shipped, "REFERENCE", copy)
    folder = copy / "prog_vi" / "desk"
    before = (folder / "comparison.csv").read_bytes()
    (folder / "comparison.csv").unlink()
    (folder / "table4.md").unlink()
    shipped_results.refresh(workspaces.load(scale="desk"), "prog_vi")
    assert (folder / "comparison.csv").read_bytes() == before
    assert (folder / "table4.md").exists()


def test_figures_of_losses_along_training_are_left_out_as_runs_are_not_shipped(
    root, tmp_path, monkeypatch
):
    monkeypatch.chdir(root)
    drawn = []
    for name in ("table", "compare", "claims"):
        monkeypatch.setattr(artefacts, name, lambda *arguments: None)
    monkeypatch.setattr(artefacts, "figure", lambda workspace, study, name: drawn.append(name))
    workspace = workspaces.load(results=str(tmp_path), scale="desk")
    study = workspace.study("posterior_collapse")
    shipped_results.remade(workspace, study.id, lambda line: None)
    kinds = {name: figure.kind for name, figure in study.figures.items()}
    assert "lines" in kinds.values()
    assert drawn == [name for name, kind in kinds.items() if kind != "lines"]


def test_shipped_scores_suffice_for_tables_comparison_and_claims(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    workspace = workspaces.load(results=str(tmp_path), scale="desk")
    there = shipped_results.remade(workspace, "prog_vi", lambda line: None)
    folder = there.paths.study("prog_vi", "desk")
    assert folder == tmp_path / "shipped" / "studies" / "prog_vi" / "desk"
    names = {path.name for path in folder.rglob("*.*")}
    assert {"table4.csv", "table4.md", "comparison.csv", "scores.parquet"} <= names
    rewritten = numbers_view.read(folder / "comparison.csv")
    assert rewritten["verdict"].tolist() == shipped_comparison("prog_vi")["verdict"].tolist()
