"""How far a study is, from the files that are there: states, seconds spent, seconds left. Works while SLURM is down."""

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
from facsimile.store.files import StoreError
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

Record = dict[str, Any]


class Left(NamedTuple):
    """What is left: seconds of training one run after the other, of how many runs, and how many of them are running."""

    seconds: float
    runs: int
    running: int

    @property
    def eta(self) -> float | None:
        """Seconds until the last run ends if as many run as run now; None if none is running."""
        return self.seconds / self.running if self.running else None


@dataclass
class Progress:
    """The states of a study's runs and what their records say."""

    states: dict[str, str] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    checkpoints: dict[str, int] = field(default_factory=dict)


def look(workspace: Workspace, study: Study, before: Progress | None = None) -> Progress:
    """The state of every run; what ``before`` says is final is not read again.

    The states are those of ``run_state``; a record that cannot be read counts as failed.
    """
    found = Progress(records=dict(before.records) if before else {})
    for run in workspace.runs(study):
        if run.key not in found.records:
            try:
                made = store_records.record(workspace.paths.run(run.key))
            except StoreError as error:
                found.unreadable[run.key] = str(error)
                found.states[run.key] = run_state.FAILED
                continue
            if made is not None:
                found.records[run.key] = made
        found.states[run.key] = _state(workspace, run, found)
    return found


def _state(workspace: Workspace, run: Run, found: Progress) -> str:
    if (made := found.records.get(run.key)) is not None:
        return run_state.of_record(made)
    if steps := checkpointed(workspace.paths.run(run.key) / store_files.CHECKPOINT):
        found.checkpoints[run.key] = steps
    return run_state.without_record(workspace, run)


def checkpointed(path: Any) -> int:
    """Steps that a checkpoint holds, by its header; 0 if there is none that can be read."""
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="numpy") as file:
            return int(json.loads(file.metadata()["state"])["step"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0


def counts(runs: Iterable[Run], found: Progress) -> dict[tuple[str, str], Counter[str]]:
    """(data set, model) -> state -> number of runs, in the order of the runs."""
    groups: dict[tuple[str, str], Counter[str]] = {}
    for run in runs:
        groups.setdefault((run.dataset, run.model), Counter())[found.states[run.key]] += 1
    return groups


def spent(found: Progress) -> dict[str, float]:
    """Seconds of training that the records state, of ``cpu`` and of ``gpu``; a run of a pack states its share."""
    sums = {"cpu": 0.0, "gpu": 0.0}
    for made in found.records.values():
        sums["cpu" if made.get("device", "cpu") == "cpu" else "gpu"] += made.get("seconds") or 0.0
    return sums


def left(runs: Iterable[Run], found: Progress) -> Left:
    """What is left of the training, at the rates that were measured here; where a model has none, at cost.py's."""
    todo = [run for run in runs if found.states[run.key] in run_state.TO_MAKE]
    rates = _rates(found)
    seconds = 0.0
    for run in todo:
        steps = max(0, run.steps - found.checkpoints.get(run.key, 0))
        each = rates.get(run.model)
        seconds += steps * (
            each if each is not None else cost.train_seconds(run) / max(1, run.steps)
        )
    return Left(seconds, len(todo), sum(found.states[run.key] == run_state.RUNNING for run in todo))


def _rates(found: Progress) -> dict[str, float]:
    """Model -> seconds a step, over all of its runs that were trained here."""
    seconds: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    for made in found.records.values():
        if made.get("steps") and made.get("seconds"):
            seconds[made["model"]] += made["seconds"]
            steps[made["model"]] += made["steps"]
    return {model: seconds[model] / steps[model] for model in steps}


def stages(workspace: Workspace, study: Study) -> dict[str, tuple[int, int]]:
    """Stage -> (shards that have it, shards), by the indexes that Snakemake sees."""
    folders = [workspace.paths.shard(shard.key) for shard in workspace.shards(study)]
    files = workspace.score_files(study)
    return {
        "train": (sum((folder / "trained.json").exists() for folder in folders), len(folders)),
        "encode": (sum((folder / "encoded.json").exists() for folder in folders), len(folders)),
        "score": (sum(path.exists() for path in files), len(files)),
    }
