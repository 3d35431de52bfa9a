"""README's table of papers."""

import math

import pandas as pd
import pytest

from facsimile.commands.pages import paper_table
from facsimile.planning import shipped, workspace


@pytest.fixture
def study(root, monkeypatch):
    monkeypatch.chdir(root)
    return workspace.load().study("prog_vi")


@pytest.fixture(autouse=True)
def reference(tmp_path, monkeypatch):
    """The folder of shipped results, which is empty."""
    folder = tmp_path / "reference"
    folder.mkdir()
    monkeypatch.setattr(shipped, "REFERENCE", folder)
    return folder


def compared(reference, study, *rows):
    """Ship results with a comparison; a row: metric, published number, ours and verdict.

    All are of the study's first table but those of SAP.
    """
    folder = reference / study.id / "desk"
    folder.mkdir(parents=True)
    for name in shipped.FILES:
        (folder / name).touch()
    columns = ["metric", "value", "ours", "verdict"]
    about = {"dataset": "dsprites", "model": "beta_vae", "params": "", "n": 5, "reason": "few"}
    table = pd.DataFrame(rows, columns=columns).assign(**about, remedy="more seeds")
    first_table = next(iter(study.tables))
    table["artefact"] = ["other" if row[0].startswith("sap") else first_table for row in rows]
    table.to_csv(folder / "comparison.csv", index=False)


def test_a_row_has_a_number_of_the_paper_and_counts_those_that_were_judged(study, reference):
    compared(
        reference,
        study,
        ("study.runs", 90, 90, "reproduced"),
        ("mig.mig", 0.5, 0.1, "not comparable"),
        ("mig.mig", math.nan, 0.1, "no source"),
        ("sap.sap", 0.5, 0.5, "reproduced"),
        ("dci.modularity", 1, 1, "reproduced"),
        ("dci.disentanglement", 0.25, 0.2541, "reproduced"),
        ("dci.completeness", 0.25, 0.1, "differs"),
    )
    assert paper_table.row(study) == (
        "[Becker et al. 2024](workflow/facsimile/papers/prog_vi/README.md)",
        "dSprites, β-VAE, DCI disentanglement",
        "0.254",
        "0.250 ✓",
        "3 reproduced · 1 differs",
        "1: 1 needs more seeds",
        "`snakemake prog_vi --config scale=desk`",
    )


def test_a_study_without_results_or_comparable_numbers_says_so(study, reference):
    assert paper_table.row(study)[1] == "not run yet"
    compared(reference, study, ("mig.mig", 0.5, 0.1, "not comparable"))
    assert paper_table.row(study)[1:6] == (
        "none can be compared at the shipped scales",
        *("–",) * 2,
        "none yet",
        "1: 1 needs more seeds",
    )


def test_the_table_takes_its_place_and_touches_nothing_else(study, tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    monkeypatch.setattr(paper_table, "README", readme)
    readme.write_text("no place")
    with pytest.raises(ValueError, match="the table of papers goes between them"):
        paper_table.readme([study])
    readme.write_text(f"above\n{paper_table.BEGIN}\nold\n{paper_table.END}\nbelow\n")
    text = paper_table.readme([study])
    assert text.startswith(f"above\n{paper_table.BEGIN}\n\n| paper |")
    assert text.endswith(f"{paper_table.END}\nbelow\n")
    assert "old" not in text
    readme.write_text(text)
    assert paper_table.readme([study]) == text
