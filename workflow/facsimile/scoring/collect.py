"""Gather a study's runs and scores into two tidy tables, runs.parquet and scores.parquet."""

import hashlib
import math
from pathlib import Path
from typing import Any

import pandas as pd

from facsimile.foundation import atomic, canonical
from facsimile.foundation.paths import Paths
from facsimile.planning import shipped
from facsimile.planning import workspace as workspaces
from facsimile.planning.workspace import Workspace
from facsimile.scoring import snapshots
from facsimile.store import files, records, shard_jobs, stored_scores
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

# Columns that say how a metric was computed.
EVALUATION = (
    "variation",
    "representation",
    "convention",
    "n_train",
    "n_test",
    "evaluation_seed",
)
SCORE = (
    "run",
    "metric",
    "score",
    "result",
    *EVALUATION,
    "seconds",
    "versions",
    "code",
)
# Columns that say what a run is.
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
# Columns that are taken from the record of a finished or failed run.
OUTCOME = ("steps", "seconds", "precision", "execution", "device")


def study(id: str, scale: str = "smoke") -> pd.DataFrame:
    """The runs of a study at a scale, as a table with one row per run.

    Columns say what each run is, the number it has in the publication, and its state here: done,
    failed or missing. The configuration is read from config/config.yaml in the working directory.

    Raises UnknownName for an unknown study or scale; the message suggests the nearest name.

    Example::

        runs = facsimile.study("locatello2019", scale="desk")
        runs.groupby(["dataset", "model"])["state"].value_counts()
    """
    workspace = workspaces.load(scale=scale)
    return runs_table(workspace, workspace.study(id))


def collect(
    workspace: Workspace,
    study: Study,
    panel: str = "",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write and return both tables of a study at the configured scale.

    ``panel``: the part of the study's scores to gather, by default all.

    runs.parquet has one row per run: what the run is (hash and readable parameters), its published
    number, and its state.

    scores.parquet has one row per number: the run, the metric, score and result, how it was
    computed (variation, representation, convention, points, seed), seconds, versions and code. If
    runs have snapshots, it also has the step, and rows for the snapshots (see ``snapshots.py``).

    If the configuration asks for shipped scores, both are copies of the shipped tables.
    """
    folder = workspace.paths.study(study.id, workspace.config.scale)
    if workspace.from_shipped:
        return _copied(shipped.files(study.id, workspace.config.scale), folder)
    # If the clock of another host was ahead, Snakemake would take the tables for older than their
    # inputs, and fail the job.
    for path in workspace.score_files(study, panel):
        shard_jobs.clear_future_time(path, print)
    runs = runs_table(workspace, study)
    scores = scores_table(workspace, study, runs, panel)
    _write(folder / "runs.parquet", runs)
    _write(folder / "scores.parquet", scores)
    return runs, scores


def runs_table(workspace: Workspace, study: Study) -> pd.DataFrame:
    """One row per run of the study at the configured scale, whether it exists yet or not."""
    rows = []
    for run in workspace.runs(study):
        rows.append(_identity(run) | _outcome(workspace.paths, run))
    # These columns have missing values, which would turn them into floats.
    types = {"number": "Int64", "value_index": "Int64", "steps": "Int64"}
    return pd.DataFrame(rows).astype(types)


def scores_table(
    workspace: Workspace,
    study: Study,
    runs: pd.DataFrame,
    panel: str = "",
) -> pd.DataFrame:
    """One row per number, joined with the identity of its run; ``runs``: the table of runs."""
    paths = workspace.score_files(study, panel)
    tables = [stored_scores.read_table(path) for path in paths]
    # Empty tables are left out: their columns have no types.
    filled = [table for table in tables if len(table)]
    scores = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=SCORE)
    # "one_to_many" raises an error if two runs have the same key.
    identities = runs[list(IDENTITY)]
    joined = identities.merge(scores, on="run", validate="one_to_many")
    return snapshots.with_snapshots(joined, scores, workspace.runs(study))


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
    """State of a run and, if it is finished or failed, what its record says of the training."""
    folder = paths.run(run.key)
    record = records.record(folder)
    if record is None:
        missing = dict.fromkeys((*OUTCOME, "record_sha256"))
        return {"state": "missing", "reason": "not made yet"} | missing
    content = (folder / files.RECORD).read_bytes()
    return {
        "state": record["state"],
        "reason": record.get("reason", ""),
        **{key: record.get(key) for key in OUTCOME},
        "record_sha256": hashlib.sha256(content).hexdigest(),
    }


def _copied(sources: list[Path], folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Copy the tables of runs and scores into a folder, and return them."""
    for source in sources:
        atomic.write_bytes(folder / source.name, source.read_bytes())
    runs, scores = [pd.read_parquet(folder / source.name) for source in sources]
    return runs, scores


def _write(path: Path, table: pd.DataFrame) -> None:
    with atomic.replacing(path) as temporary:
        table.to_parquet(temporary, index=False)
