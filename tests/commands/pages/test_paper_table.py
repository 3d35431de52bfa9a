"""README's table of papers."""

import pandas as pd
import pytest

from facsimile.commands.pages import paper_table
from facsimile.planning import workspace


@pytest.fixture
def study(root, monkeypatch):
    monkeypatch.chdir(root)
    return workspace.load().study("prog_vi")


def reference(folder, study, verdicts, steps):
    at = folder / study.id / "desk"
    at.mkdir(parents=True)
    pd.DataFrame({"verdict": verdicts}).to_csv(at / "comparison.csv")
    runs = pd.DataFrame({"steps": steps, "seconds": [90.0] * len(steps)}).astype({"steps": "Int64"})
    runs.to_parquet(at / "runs.parquet")
    return folder


def test_a_row_counts_verdicts_and_the_cost_of_training(study, tmp_path):
    line = paper_table.row(
        study,
        reference(
            tmp_path, study, ["differs", "reproduced", "reproduced", "no source"], [5, 5, None]
        ),
    )
    assert line[0].startswith(f"[{study.title}](workflow/facsimile/papers/prog_vi/README.md)")
    assert line[1:] == (
        "2 reproduced, 1 differs",
        "2 runs, 3 core-minutes",
        "`snakemake prog_vi --config scale=desk`",
    )


def test_a_study_without_scores_says_so_and_one_without_training_too(study, tmp_path):
    assert paper_table.row(study, tmp_path)[1:3] == ("not run yet", "–")
    assert paper_table.row(study, reference(tmp_path, study, [], [0]))[1:3] == (
        "–",
        "nothing is trained",
    )


def test_the_table_takes_its_place_and_touches_nothing_else(study, tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    monkeypatch.setattr(paper_table, "README", readme)
    readme.write_text("no place")
    with pytest.raises(ValueError, match="the table of papers goes between them"):
        paper_table.readme([study], tmp_path)
    readme.write_text(f"above\n{paper_table.BEGIN}\nold\n{paper_table.END}\nbelow\n")
    text = paper_table.readme([study], tmp_path)
    assert text.startswith(f"above\n{paper_table.BEGIN}\n\n| paper |")
    assert text.endswith(f"{paper_table.END}\nbelow\n")
    assert "old" not in text
    readme.write_text(text)
    assert paper_table.readme([study], tmp_path) == text
