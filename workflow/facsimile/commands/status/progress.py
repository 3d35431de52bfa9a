"""Progress of a study: states of its runs, seconds of training spent and left.

Everything is read from files, so that it works while SLURM is down.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open

from facsimile.commands import run_state
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.store import files as store_files
from facsimile.store import records as store_records
from facsimile.store import shard_progress
from facsimile.store.files import StoreError
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

Record = dict[str, Any]


class Remaining(NamedTuple):
    """Seconds of training left, one run after the other, and the number of runs left.

    ``running`` is how many of these runs are being trained now.
    """

    seconds: float
    runs: int
    running: int

    @property
    def eta(self) -> float | None:
        """Seconds to the end if as many runs are trained at a time as now; None if none is."""
        return self.seconds / self.running if self.running else None


@dataclass
class Progress:
    """The states of the runs of a study; all dictionaries are by the key of a run.

    ``records``: run records; ``unreadable``: error messages of records that cannot be read;
    ``checkpoints``: steps in the checkpoints of unfinished runs.
    """

    states: dict[str, str] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    checkpoints: dict[str, int] = field(default_factory=dict)
    speeds: dict[str, float] = field(default_factory=dict)
    """Model -> seconds per step in the shards that are being trained now."""


def read(
    workspace: Workspace,
    study: Study,
    before: Progress | None = None,
) -> Progress:
    """Return the state of every run; records in ``before`` are final and not read again.

    The states are those of ``run_state``; a run whose record cannot be read counts as failed.
    """
    # With thousands of runs, `status --watch` should read only the new records.
    progress = Progress(records=dict(before.records) if before else {})
    for run in workspace.runs(study):
        if run.key not in progress.records:
            try:
                record = store_records.record(workspace.paths.run(run.key))
            except StoreError as error:
                progress.unreadable[run.key] = str(error)
                progress.states[run.key] = run_state.FAILED
                continue
            if record is not None:
                progress.records[run.key] = record
        progress.states[run.key] = _state(workspace, run, progress)
    progress.speeds = _speeds_now(workspace, study)
    return progress


def _speeds_now(
    workspace: Workspace,
    study: Study,
) -> dict[str, float]:
    """Seconds per step of each model that is being trained now, as its job reports it."""
    speeds = {}
    for shard in workspace.shards(study):
        current = shard_progress.read(workspace.paths.shard(shard.key), "train")
        if current is not None and current.left is not None and current.done < current.total:
            speeds[shard.model] = current.left / (current.total - current.done)
    return speeds


def _state(
    workspace: Workspace,
    run: Run,
    progress: Progress,
) -> str:
    """State of a run; also notes the steps of its checkpoint."""
    record = progress.records.get(run.key)
    if record is not None:
        return run_state.of_record(workspace, record)
    steps = checkpointed(workspace.paths.run(run.key) / store_files.CHECKPOINT)
    if steps:
        progress.checkpoints[run.key] = steps
    return run_state.without_record(workspace, run)


def checkpointed(path: Any) -> int:
    """Steps in a checkpoint, read from its header; 0 if it is missing or unreadable."""
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="numpy") as file:
            state = json.loads(file.metadata()["state"])
            return int(state["step"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0


def counts(
    runs: Iterable[Run],
    progress: Progress,
) -> dict[tuple[str, str], Counter[str]]:
    """(data set, model) -> state -> number of runs, in the order of the runs."""
    groups: dict[tuple[str, str], Counter[str]] = {}
    for run in runs:
        group = groups.setdefault((run.dataset, run.model), Counter())
        group[progress.states[run.key]] += 1
    return groups


def spent(progress: Progress) -> dict[str, float]:
    """Seconds of training on ``cpu`` and on ``gpu``; each run of a pack records its share."""
    seconds = {"cpu": 0.0, "gpu": 0.0}
    for record in progress.records.values():
        device = "cpu" if record.get("device", "cpu") == "cpu" else "gpu"
        seconds[device] += record.get("seconds") or 0.0
    return seconds


def remaining(
    runs: Iterable[Run],
    progress: Progress,
) -> Remaining:
    """Training left, at the speed measured here, or estimated by ``planning.cost`` for a model.

    The estimate is used for models of which no run was trained here.
    """
    unfinished = []
    for run in runs:
        if progress.states[run.key] in run_state.TO_MAKE:
            unfinished.append(run)
    measured = _seconds_per_step(progress) | progress.speeds
    seconds = 0.0
    for run in unfinished:
        steps = max(0, run.steps - progress.checkpoints.get(run.key, 0))
        if run.model in measured:
            seconds += steps * measured[run.model]
        else:
            # Controls have no steps.
            seconds += steps * (cost.train_seconds(run) / max(1, run.steps))
    running = sum(progress.states[run.key] == run_state.RUNNING for run in unfinished)
    return Remaining(seconds, len(unfinished), running)


def _seconds_per_step(progress: Progress) -> dict[str, float]:
    """Model -> mean seconds per step over all of its runs that were trained here."""
    seconds: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    for record in progress.records.values():
        if record.get("steps") and record.get("seconds"):
            seconds[record["model"]] += record["seconds"]
            steps[record["model"]] += record["steps"]
    return {model: seconds[model] / steps[model] for model in steps}


def stages(
    workspace: Workspace,
    study: Study,
) -> dict[str, tuple[int, int]]:
    """Stage -> (finished shards, all shards), by the index files that Snakemake looks at."""
    folders = [workspace.paths.shard(shard.key) for shard in workspace.shards(study)]
    tables = workspace.score_files(study)
    trained = sum((folder / "trained.json").exists() for folder in folders)
    encoded = sum((folder / "encoded.json").exists() for folder in folders)
    scored = sum(table.exists() for table in tables)
    return {
        "train": (trained, len(folders)),
        "encode": (encoded, len(folders)),
        "score": (scored, len(tables)),
    }
