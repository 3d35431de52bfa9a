"""The scores of a trial: made by the workflow, or shipped for its baselines."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from facsimile.foundation import atomic
from facsimile.planning import environment, shipped
from facsimile.planning.workspace import Workspace
from facsimile.studies import runs
from facsimile.studies.study import Study

MISSING = "missing"  # state of a run that was not made


@dataclass(frozen=True)
class Scores:
    """Gathered runs and scores, and where they come from."""

    runs: pd.DataFrame
    scores: pd.DataFrame
    source: str


def computed(
    workspace: Workspace,
    study: Study,
    cores: int,
) -> Scores:
    """Train, encode and score what is missing of a study by the workflow, and gather it.

    Raises RuntimeError if a job fails; the same call then resumes.
    """
    folder = workspace.paths.study(study.id, workspace.config.scale)
    target = folder / "scores.parquet"
    command = [sys.executable, "-m", "snakemake", str(target), "--cores", str(cores)]
    command += ["--snakefile", str(environment.snakefile())]
    command += ["--configfile", str(_config_file(workspace, study))]
    completed = subprocess.run(command, check=False)
    if completed.returncode:
        raise RuntimeError("a job failed, see above; the same command resumes")
    runs, scores = [pd.read_parquet(folder / name) for name in shipped.FILES]
    return Scores(runs, scores, f"made here, in {workspace.paths.root}")


def _config_file(workspace: Workspace, study: Study) -> Path:
    """Write the configuration into a file: where Facsimile is installed there is no other one."""
    config = workspace.config
    path = config.results / f"{study.id}-{config.scale}.yaml"
    values = config.model_dump(mode="json", include=config.model_fields_set)
    atomic.write_json(path, values)
    return path


def shipped_for(
    base: Study,
    scale: str,
    trial: Study,
    baselines: str,
) -> Scores | None:
    """The shipped scores of a trial's baselines; None unless those of every run are shipped.

    ``base`` and ``scale`` are where they come from; ``baselines`` is the trial's scale without the
    model that is tried. Runs are the same if their keys are: they hold every setting.
    """
    if not shipped.is_shipped(base.id, scale):
        return None
    keys = {run.key for run in runs.expand(trial, baselines) if not run.control}
    all_runs, all_scores = [pd.read_parquet(path) for path in shipped.files(base.id, scale)]
    finished = all_runs["state"] != MISSING
    if not keys <= set(all_runs["run"][finished]):
        return None
    chosen_runs = all_runs[all_runs["run"].isin(keys)]
    chosen_scores = all_scores[all_scores["run"].isin(keys)]
    source = f"shipped, from {shipped.folder(base.id, scale)}"
    return Scores(chosen_runs, chosen_scores, source)


def merged(own: Scores, baselines: Scores) -> Scores:
    """The scores of both; controls are those of ``own``."""
    return Scores(
        _joined(own.runs, baselines.runs),
        _joined(own.scores, baselines.scores),
        baselines.source,
    )


def _joined(
    first: pd.DataFrame,
    second: pd.DataFrame,
) -> pd.DataFrame:
    """The rows of both tables; of runs that are in both, those of the first."""
    others = second[~second["run"].isin(first["run"])]
    return pd.concat([first, others], ignore_index=True)
