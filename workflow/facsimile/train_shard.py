"""Train a shard in one process: its runs one after the other, or packs of them at once, as the machine is best used."""

import functools
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from facsimile import datasets, discover, jobs, machine, models, provenance, store, train
from facsimile.claim import Claim, claimed
from facsimile.datasets import Arrays, Data, Stored
from facsimile.jobs import Log
from facsimile.machine import Execution
from facsimile.models import ArraysModel, Model
from facsimile.runs import Run, Shard
from facsimile.training_settings import Training
from facsimile.workspace import Workspace

LOOP = (
    "facsimile.train",
    "facsimile.batches",
    "facsimile.networks",
    "facsimile.bf16_layers",
    "facsimile.adam",
    "facsimile.rng",
)
PACKED_LOOP = ("facsimile.pack", "facsimile.packed_step", "facsimile.images", "facsimile.matrix_convolutions")


def train_shard(workspace: Workspace, shard: Shard, log: Log) -> None:
    """Train what the store lacks of a shard and write ``trained.json``; on SIGTERM a checkpoint is written first."""
    machine.one_thread()
    paths, config = workspace.paths, workspace.config
    how = machine.execution(config)
    jobs.dated(paths.dataset(shard.dataset), log)
    clock = train.Clock(config.checkpoint_minutes, config.checkpoint_steps)
    signal.signal(signal.SIGTERM, lambda *_: setattr(clock, "stopping", True))
    if of_arrays(shard.model):
        how = machine.plain()
    if how.name == "packed":
        from facsimile import train_packed  # on a GPU it brings a compiler with it

        train_packed.make_all(workspace, shard, how, clock, log)

    def make(run: Run, claim: Claim) -> None:
        clock.keep = claim.keep
        train_run(workspace, run, how, clock, log)

    # After packs there is nothing left to make here but controls, which have no steps to pack.
    jobs.make_all(shard, paths, lambda run: jobs.trained(paths, run), make, log)
    jobs.write_index(paths.shard(shard.key) / "trained.json", shard, paths)


def of_arrays(model: str) -> bool:
    """Whether the named model is one of arrays: trained one run at a time, in float32, on the processor."""
    return issubclass(discover.the_class("models", model, Model), ArraysModel)


def train_run(workspace: Workspace, run: Run, how: Execution, clock: train.Clock, log: Log) -> None:
    """Train one run into its folder of the store; a control needs no training and is recorded at once."""
    folder = workspace.paths.run(run.key)
    model = models.model(run.model, **run.params)
    about = describe(run)
    if not model.trained:
        store.finish(folder, {}, pd.DataFrame({"step": [], "loss": []}), about | {"state": "done", "steps": 0})
        return
    training = training_of(run)
    if (folder / store.CHECKPOINT).exists():
        log(f"{run.key}: going on from its checkpoint")
    log(f"{run.key}: training {run.steps:,} steps of {run.model} {run.params}, {how.precision}")
    data = open_data(workspace, run)
    about |= machine.describe(how) | {"data": data_facts(workspace, run)}
    made, kept = session(run, how), {part.steps: part for part in run.kept}

    def reached(state: train.State) -> None:
        if (part := kept.get(state.step)) is not None:
            keep(workspace, part, state, train.weights(state), about)

    try:
        state = train.run(model, training, data, run.seed, how.precision, folder, clock, made, reached)
        clock.keep()
    except train.NonFiniteLoss as failure:
        write_failed(folder, failure.state, failure.step, failure.last, about, log)
        keep_failed(workspace, run, failure.state, failure.step, failure.last, about, log)
        return
    write_done(folder, state, train.weights(state), about)


def keep(workspace: Workspace, part: Run, state: Any, weights: dict[str, Any], about: dict[str, Any]) -> None:
    """Store the state after so many steps as the run of so many steps, unless it is there or another process makes it."""
    with _unmade(workspace, part) as folder:
        if folder is not None:
            write_done(folder, state, weights, _about(part, about))


def keep_failed(
    workspace: Workspace, run: Run, state: Any, step: int, last: float | None, about: dict[str, Any], log: Log
) -> None:
    """Record that the snapshots of a failed run that lie behind its failure fail as it did."""
    for part in run.kept:
        with _unmade(workspace, part) as folder:
            if folder is not None and part.steps > step:
                write_failed(folder, state, step, last, _about(part, about), log)


@contextmanager
def _unmade(workspace: Workspace, part: Run) -> Iterator[Path | None]:
    """The folder of a run that nobody has made or is making, claimed; else None."""
    with claimed(workspace.paths.run(part.key)) as claim:
        yield None if claim is None or jobs.trained(workspace.paths, part) else workspace.paths.run(part.key)


def _about(part: Run, about: dict[str, Any]) -> dict[str, Any]:
    return about | jobs.describe(part) | {"snapshot_of": part.part_of}


def training_of(run: Run) -> Training:
    """How a run is trained, as its study states it; raises ValueError where the study states nothing."""
    if "training" not in run.statement:
        raise ValueError(f"{run.key}: {run.model} is to be trained, but its study has no training; state steps, batch_size, …")
    return Training.model_validate(run.statement["training"])


def write_done(folder: Path, state: Any, weights: dict[str, Any], about: dict[str, Any]) -> None:
    """Record a finished run; ``state`` has its step, history, seconds and sessions."""
    final = {"state": "done", "steps": state.step, "final": state.history[-1], **_spent(state)}
    store.finish(folder, weights, train.history(state), about | final)


def write_failed(folder: Path, state: Any, step: int, last: float | None, about: dict[str, Any], log: Log) -> None:
    """Record a run whose loss became non-finite at a step, and say so."""
    reason = train.NonFiniteLoss(state, last)
    log(f"{about['run']}: FAILED, {reason}; its neighbours go on")
    stated = {"state": "failed", "reason": str(reason), "steps": step, "last_finite_loss": last, **_spent(state)}
    store.fail(folder, train.history(state), about | stated)


def _spent(state: Any) -> dict[str, Any]:
    return {"seconds": round(state.seconds, 3), "sessions": state.sessions}


def describe(run: Run) -> dict[str, Any]:
    """What identifies a run in its record, and when this process began it."""
    return jobs.describe(run) | {"code": code(run), "started": datetime.now(UTC).isoformat(timespec="seconds")}


def session(run: Run, how: Execution) -> dict[str, Any]:
    """How this process executes a run, in the few words that are kept of every process that had a hand in it."""
    found = machine.describe(how)
    names = ("execution", "pack", "compiled", "device", "processor", "precision", "host", "job")
    said = {name: found[name] for name in names if name in found}
    loop = LOOP + PACKED_LOOP * (how.name == "packed")
    return said | {"torch": found["versions"]["torch"], "code": provenance.code(*loop, f"facsimile.models.{run.model}")}


def data_facts(workspace: Workspace, run: Run) -> dict[str, str]:
    """What the data file of a run says of itself."""
    return _whole(run.dataset, workspace.paths.dataset(run.dataset)).facts


def open_data(workspace: Workspace, run: Run) -> Data:
    """The data set of a run, or the sub-grid of it that the run's scale states."""
    return _whole(run.dataset, workspace.paths.dataset(run.dataset)).subgrid(run.subgrid)


@functools.lru_cache(maxsize=1)  # the runs of a shard share it
def _whole(name: str, path: Path) -> Stored | Arrays:
    return datasets.dataset(name, path)


def code(run: Run, loop: tuple[str, ...] = LOOP) -> dict[str, str]:
    """Module -> content hash of the code that decides a run's weights; how runs are stored or claimed is not part of it."""
    found = provenance.hashes(f"facsimile.models.{run.model}", f"facsimile.datasets.{run.dataset}")
    parts = ("facsimile.models.", "facsimile.datasets.")
    return {name: found[name] for name in found if name.startswith(parts)} | {
        name: provenance.module_hash(name) for name in loop
    }
