"""What is recorded of a run while it is trained and when it ends."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from facsimile import datasets
from facsimile.datasets import Arrays, Data, Stored
from facsimile.foundation import canonical, discover
from facsimile.models import ArraysModel, Model
from facsimile.planning.workspace import Workspace
from facsimile.store import records, shard_jobs
from facsimile.store.lease import leased
from facsimile.store.shard_jobs import Log
from facsimile.studies.runs import Run
from facsimile.studies.training import Training
from facsimile.training import loop as training_loop
from facsimile.training import machine, weights_code
from facsimile.training.machine import Execution


def of_arrays(model: str) -> bool:
    """Whether the named model is one of arrays: trained one run at a time, in float32, on the processor."""
    return issubclass(discover.the_class("models", model, Model), ArraysModel)


def keep(
    workspace: Workspace, part: Run, state: Any, weights: dict[str, Any], about: dict[str, Any]
) -> None:
    """Store the state after so many steps as the run of so many steps, unless it is there or another process makes it."""
    with _unmade(workspace, part) as folder:
        if folder is not None:
            write_done(folder, state, weights, _about(part, about))


def keep_failed(
    workspace: Workspace,
    run: Run,
    state: Any,
    step: int,
    last: float | None,
    about: dict[str, Any],
    log: Log,
) -> None:
    """Record that the snapshots of a failed run that lie behind its failure fail as it did."""
    for part in run.kept:
        with _unmade(workspace, part) as folder:
            if folder is not None and part.steps > step:
                write_failed(folder, state, step, last, _about(part, about), log)


@contextmanager
def _unmade(workspace: Workspace, part: Run) -> Iterator[Path | None]:
    """The folder of a run that nobody has made or is making, claimed; else None."""
    with leased(workspace.paths.run(part.key)) as claim:
        yield (
            None
            if claim is None or shard_jobs.trained(workspace.paths, part)
            else workspace.paths.run(part.key)
        )


def _about(part: Run, about: dict[str, Any]) -> dict[str, Any]:
    return about | shard_jobs.identity(part) | {"snapshot_of": part.part_of}


def training_of(run: Run) -> Training:
    """How a run is trained, as its study states it; raises ValueError where the study states nothing."""
    if "training" not in run.statement:
        raise ValueError(
            f"{run.key}: {run.model} is to be trained, but its study has no training; state steps, batch_size, …"
        )
    return Training.model_validate(run.statement["training"])


def write_done(folder: Path, state: Any, weights: dict[str, Any], about: dict[str, Any]) -> None:
    """Record a finished run; ``state`` has its step, history, seconds and sessions."""
    final = {"state": "done", "steps": state.step, "final": state.history[-1], **_spent(state)}
    records.finish(folder, weights, training_loop.history(state), about | final)


def write_failed(
    folder: Path, state: Any, step: int, last: float | None, about: dict[str, Any], log: Log
) -> None:
    """Record a run whose loss became non-finite at a step, and say so."""
    reason = training_loop.NonFiniteLoss(state, last)
    log(f"{about['run']}: FAILED, {reason}; its neighbours go on")
    stated = {
        "state": "failed",
        "reason": str(reason),
        "steps": step,
        "last_finite_loss": last,
        **_spent(state),
    }
    records.fail(folder, training_loop.history(state), about | stated)


def _spent(state: Any) -> dict[str, Any]:
    return {"seconds": round(state.seconds, 3), "sessions": state.sessions}


def run_facts(run: Run) -> dict[str, Any]:
    """What identifies a run in its record, and when this process began it."""
    return shard_jobs.identity(run) | {
        "code": weights_code.of(run),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def session(run: Run, how: Execution) -> dict[str, Any]:
    """How this process executes a run, in the few words that are kept of every process that had a hand in it."""
    found = machine.execution_facts(how)
    names = ("execution", "pack", "compiled", "device", "processor", "precision", "host", "job")
    said = {name: found[name] for name in names if name in found}
    return said | {
        "torch": found["versions"]["torch"],
        "code": canonical.hash8(weights_code.of(run, how.name == "packed")),
    }


def data_facts(workspace: Workspace, run: Run) -> dict[str, str]:
    """What the data file of a run says of itself."""
    return _whole(run.dataset, workspace.paths.dataset(run.dataset)).facts


def open_data(workspace: Workspace, run: Run) -> Data:
    """The data set of a run, or the sub-grid of it that the run's scale states."""
    return _whole(run.dataset, workspace.paths.dataset(run.dataset)).subgrid(run.subgrid)


@functools.lru_cache(maxsize=1)  # the runs of a shard share it
def _whole(name: str, path: Path) -> Stored | Arrays:
    return datasets.dataset(name, path)
