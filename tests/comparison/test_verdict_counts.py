"""Counts of verdicts, and what numbers and claims that are not comparable need."""

import math

import pandas as pd
import pytest

from facsimile.comparison import verdict_counts
from facsimile.comparison.verdict import (
    DIFFERS,
    LARGER_SCALE,
    MORE_SEEDS,
    NO_SOURCE,
    NOT_COMPARABLE,
    PEERS_PROTOCOL,
    REPRODUCED,
)


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


NUMBER = {"artefact": "table1", "dataset": "toy", "model": "vae", "params": "", "metric": "mig.mig"}
NUMBER |= {"statistic": "mean", "value": 0.5, "how": "printed", "faithful_to": ""}


def row(verdict, **changes):
    return NUMBER | {"verdict": verdict, "reason": "r", "remedy": "more seeds"} | changes


@pytest.fixture
def folders(tmp_path):
    """A large scale that decides one of three numbers, and a small one that decides two."""
    large = [row(NOT_COMPARABLE), row(REPRODUCED, model="gan"), row(NOT_COMPARABLE, model="flow")]
    small = [row(DIFFERS), row(DIFFERS, model="gan"), row(NOT_COMPARABLE, model="flow")]
    for name, rows in {"large": large, "small": small}.items():
        (tmp_path / name).mkdir()
        rows.append(row(NO_SOURCE, model="ours"))
        pd.DataFrame(rows).to_csv(tmp_path / name / "comparison.csv", index=False)
    claim = {"claim": "c", "statistic": "s", "value": 1.0, "verdict": "holds"}
    pd.DataFrame([claim]).to_csv(tmp_path / "small" / "claims.csv", index=False)
    return [tmp_path / "large", tmp_path / "small"]


def test_each_number_counts_once_as_the_first_scale_decides_it(folders):
    rows = verdict_counts.of_folders(folders)
    assert verdict_counts.decided(rows) == "1 reproduced · 1 differs · 1 holds"
    assert verdict_counts.undecided(rows) == "1: 1 needs more seeds"


def test_one_folder_counts_for_itself(folders):
    large, small = map(verdict_counts.of_folder, folders)
    assert verdict_counts.decided(large) == "1 reproduced"
    assert verdict_counts.decided(small) == "2 differ · 1 holds"


def test_a_number_that_is_printed_twice_counts_twice(tmp_path):
    pd.DataFrame([row(REPRODUCED), row(REPRODUCED)]).to_csv(tmp_path / "comparison.csv")
    for rows in (verdict_counts.of_folder(tmp_path), verdict_counts.of_folders([tmp_path] * 2)):
        assert verdict_counts.decided(rows) == "2 reproduced"
