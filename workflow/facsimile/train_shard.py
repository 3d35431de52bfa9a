"""Train a shard: its runs one after the other, in one process of one thread."""

import functools
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from facsimile import datasets, jobs, machine, models, provenance, store, train
from facsimile.claim import Claim
from facsimile.datasets import Dataset, Stored
from facsimile.jobs import Log
from facsimile.runs import Run, Shard
from facsimile.studyfile import Training
from facsimile.workspace import Workspace

LOOP = ("facsimile.train", "facsimile.networks", "facsimile.adam", "facsimile.rng")


def train_shard(workspace: Workspace, shard: Shard, log: Log) -> None:
    """Train what the store lacks of a shard and write ``trained.json``; on SIGTERM a checkpoint is written first."""
    machine.one_thread()
    paths, config = workspace.paths, workspace.config
    precision = machine.precision(config.precision)
    clock = train.Clock(config.checkpoint_minutes, config.checkpoint_steps)
    signal.signal(signal.SIGTERM, lambda *_: setattr(clock, "stopping", True))

    def make(run: Run, claim: Claim) -> None:
        clock.keep = claim.keep
        train_run(workspace, run, precision, clock, log)

    jobs.make_all(shard, paths, lambda run: jobs.trained(paths, run), make, log)
    jobs.write_index(paths.shard(shard.key) / "trained.json", shard, paths)


def train_run(workspace: Workspace, run: Run, precision: str, clock: train.Clock, log: Log) -> None:
    """Train one run into its folder of the store; a control needs no training and is recorded at once."""
    folder = workspace.paths.run(run.key)
    model = models.model(run.model, **run.params)
    about = jobs.describe(run) | {"code": code(run), "started": datetime.now(UTC).isoformat(timespec="seconds")}
    if not model.trained:
        store.finish(folder, {}, pd.DataFrame({"step": [], "loss": []}), about | {"state": "done", "steps": 0})
        return
    training = Training.model_validate(run.statement["training"])
    if (folder / store.CHECKPOINT).exists():
        log(f"{run.key}: going on from its checkpoint")
    log(f"{run.key}: training {run.steps:,} steps of {run.model} {run.params}, {precision}")
    data = open_data(workspace, run)
    about |= machine.describe(precision) | {"data": _whole(run.dataset, workspace.paths.dataset(run.dataset)).facts}
    _finish(folder, about, lambda: train.run(model, training, data, run.seed, precision, folder, clock), clock, log)


def _finish(folder: Path, about: dict[str, Any], make: Callable[[], train.State], clock: train.Clock, log: Log) -> None:
    try:
        state = make()
        clock.keep()
    except train.NonFiniteLoss as failure:
        log(f"{about['run']}: FAILED, {failure}; its neighbours go on")
        reason = {"state": "failed", "reason": str(failure), "steps": failure.step, "last_finite_loss": failure.last}
        store.fail(folder, train.history(failure.state), about | reason)
        return
    final = {"state": "done", "steps": state.step, "final": state.history[-1], "seconds": round(state.seconds, 3)}
    store.finish(folder, train.weights(state), train.history(state), about | final)


def open_data(workspace: Workspace, run: Run) -> Dataset:
    """The data set of a run, or the sub-grid of it that the run's scale states."""
    return _whole(run.dataset, workspace.paths.dataset(run.dataset)).subgrid(run.subgrid)


@functools.lru_cache(maxsize=1)  # the runs of a shard share it
def _whole(name: str, path: Path) -> Stored:
    return datasets.dataset(name, path)


def code(run: Run) -> dict[str, str]:
    """Module -> content hash of the code that decides a run's weights; how runs are stored or claimed is not part of it."""
    found = provenance.hashes(f"facsimile.models.{run.model}", f"facsimile.datasets.{run.dataset}")
    parts = ("facsimile.models.", "facsimile.datasets.")
    return {name: found[name] for name in found if name.startswith(parts)} | {
        name: provenance.module_hash(name) for name in LOOP
    }
