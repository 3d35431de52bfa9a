"""Gather a study's runs and scores into two tidy tables, runs.parquet and scores.parquet."""

import hashlib
import math
from pathlib import Path
from typing import Any

import pandas as pd

from facsimile.foundation import atomic, canonical
from facsimile.foundation.paths import Paths
from facsimile.planning import workspace as workspaces
from facsimile.planning.workspace import Workspace
from facsimile.scoring import snapshots
from facsimile.store import files, records, shard_jobs, stored_scores
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

ASKED = ("variation", "representation", "convention", "n_train", "n_test", "evaluation_seed")
SCORE = ("run", "metric", "score", "result", *ASKED, "seconds", "versions", "code")
IDENTITY = (
    "run",
    "dataset",
    "model",
    "params",
    "value",
    "value_index",
    "seed",
    "number",
    "control",
    "label",
)


def study(id: str, scale: str = "smoke") -> pd.DataFrame:
    """The runs of a study at a scale, one a row: what each is, its published number, and what became of it here.

    Reads config/config.yaml under the working directory. Raises UnknownName with the nearest right word.
    """
    at = workspaces.load(scale=scale)
    return runs_table(at, at.study(id))


def collect(workspace: Workspace, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write and answer both tables of a study at the configured scale.

    runs.parquet has a row a run: what it is (hash and readable parameters), its published number, its state. scores.parquet has
    a row a number: the run's identity, metric, score, result, how it was asked (variation, representation, convention, points,
    seed), seconds, versions and code; where runs have snapshots also the step, and rows of these (``along.py``).
    """
    folder = workspace.paths.study(study.id, workspace.config.scale)
    for path in workspace.score_files(study):
        shard_jobs.clear_future_time(path, print)
    made = runs_table(workspace, study)
    scored = scores_table(workspace, study, made)
    _write(folder / "runs.parquet", made)
    _write(folder / "scores.parquet", scored)
    return made, scored


def runs_table(workspace: Workspace, study: Study) -> pd.DataFrame:
    """A row a run of the study at the configured scale, made or not."""
    rows = [_identity(run) | _outcome(workspace.paths, run) for run in workspace.runs(study)]
    return pd.DataFrame(rows).astype({"number": "Int64", "value_index": "Int64", "steps": "Int64"})


def scores_table(workspace: Workspace, study: Study, made: pd.DataFrame) -> pd.DataFrame:
    """A row a number, joined with what the run is."""
    tables = [stored_scores.read_table(path) for path in workspace.score_files(study)]
    filled = [table for table in tables if len(table)]
    scores = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=SCORE)
    found = made[list(IDENTITY)].merge(scores, on="run", validate="one_to_many")
    return snapshots.with_snapshots(found, scores, workspace.runs(study))


def _identity(run: Run) -> dict[str, Any]:
    return {
        "run": run.key,
        "dataset": run.dataset,
        "model": run.model,
        "params": canonical.dumps(run.params),
        "value": math.nan if run.value is None else run.value,
        "value_index": run.value_index,
        "seed": run.seed,
        "number": run.number,
        "control": run.control,
        "label": run.label,
        "hash": run.hash,
    }


def _outcome(paths: Paths, run: Run) -> dict[str, Any]:
    made = records.record(paths.run(run.key))
    keys = ("steps", "seconds", "precision", "execution", "device")
    if made is None:
        return {"state": "missing", "reason": "not made yet"} | dict.fromkeys(
            (*keys, "record_sha256")
        )
    digest = hashlib.sha256((paths.run(run.key) / files.RECORD).read_bytes()).hexdigest()
    said = {key: made.get(key) for key in keys} | {"record_sha256": digest}
    return {"state": made["state"], "reason": made.get("reason", "")} | said


def _write(path: Path, table: pd.DataFrame) -> None:
    with atomic.replacing(path) as temporary:
        table.to_parquet(temporary, index=False)
