"""Counts of verdicts, and what numbers and claims that are not comparable need."""

import math

import pandas as pd

from facsimile.comparison import verdict_counts
from facsimile.comparison.verdict import LARGER_SCALE, MORE_SEEDS, PEERS_PROTOCOL


def folder(tmp_path):
    """Results with seven numbers, two of which are not judged, and three claims."""
    numbers = [
        ("study.runs", "reproduced", "", ""),
        ("mig.mig", "no source", "", ""),
        ("mig.mig", "reproduced", "", ""),
        ("mig.mig", "differs", "", ""),
        ("mig.mig", "differs", "", ""),
        ("mig.mig", "not comparable", "a peer's", PEERS_PROTOCOL),
        ("mig.mig", "not comparable", "few", MORE_SEEDS),
    ]
    columns = ["metric", "verdict", "reason", "remedy"]
    comparison = pd.DataFrame(numbers, columns=columns).assign(
        value=1.0, spread=math.nan, ours=1.0, low=math.nan, high=math.nan, difference=0.0
    )
    comparison.to_csv(tmp_path / "comparison.csv", index=False)
    claims = [
        ("holds", "0.5", ""),
        ("not comparable", "few", MORE_SEEDS),
        ("not comparable", "steps", LARGER_SCALE),
    ]
    pd.DataFrame(claims, columns=columns[1:]).to_csv(tmp_path / "claims.csv", index=False)
    return tmp_path


def test_results_without_a_published_number_are_not_counted(tmp_path):
    rows = verdict_counts.of_folder(folder(tmp_path))
    assert len(rows) == 8
    assert verdict_counts.decided(rows) == "1 reproduced · 2 differ · 1 holds"


def test_what_is_not_comparable_says_what_it_needs(tmp_path):
    rows = verdict_counts.of_folder(folder(tmp_path))
    text = verdict_counts.undecided(rows)
    assert text.startswith(f"4: 2 need {MORE_SEEDS}, ")
    assert f"1 needs {PEERS_PROTOCOL}" in text
    assert verdict_counts.undecided(rows, brief=True) == f"4: 2 need {MORE_SEEDS}"
    obstacles = verdict_counts.obstacles(rows)
    assert obstacles[0] == (2, "few", MORE_SEEDS)
    assert {reason for _, reason, _ in obstacles} == {"few", "a peer's", "steps"}


def test_an_empty_folder_has_no_verdicts(tmp_path):
    rows = verdict_counts.of_folder(tmp_path)
    assert verdict_counts.decided(rows) == verdict_counts.undecided(rows) == ""
    assert verdict_counts.obstacles(rows) == []


def test_a_table_of_an_earlier_version_has_no_remedies(tmp_path):
    path = folder(tmp_path) / "comparison.csv"
    pd.read_csv(path).drop(columns="remedy").to_csv(path, index=False)
    assert len(verdict_counts.of_folder(tmp_path)) == 8
