"""Train a shard in one process: its runs one after the other, or packs of them at once, as the machine is best used."""

import signal

import pandas as pd

from facsimile import models
from facsimile.planning.workspace import Workspace
from facsimile.store import files, records, shard_jobs
from facsimile.store.lease import Lease
from facsimile.store.shard_jobs import Log
from facsimile.studies.runs import Run, Shard
from facsimile.training import loop, machine
from facsimile.training.machine import Execution
from facsimile.training.run_records import (
    data_facts,
    keep,
    keep_failed,
    of_arrays,
    open_data,
    run_facts,
    session,
    training_of,
    write_done,
    write_failed,
)


def train_shard(workspace: Workspace, shard: Shard, log: Log) -> None:
    """Train what the store lacks of a shard and write ``trained.json``; on SIGTERM a checkpoint is written first."""
    machine.one_thread()
    paths, config = workspace.paths, workspace.config
    how = machine.execution(config)
    shard_jobs.clear_future_time(paths.dataset(shard.dataset), log)
    clock = loop.Clock(config.checkpoint_minutes, config.checkpoint_steps)
    signal.signal(signal.SIGTERM, lambda *_: setattr(clock, "stopping", True))
    if of_arrays(shard.model):
        how = machine.plain()
    if how.name == "packed":
        from facsimile.training import train_packed  # on a GPU it brings a compiler with it

        train_packed.make_all(workspace, shard, how, clock, log)

    def make(run: Run, claim: Lease) -> None:
        clock.keep = claim.keep
        train_run(workspace, run, how, clock, log)

    # After packs there is nothing left to make here but controls, which have no steps to pack.
    shard_jobs.make_all(shard, paths, lambda run: shard_jobs.trained(paths, run), make, log)
    shard_jobs.write_index(paths.shard(shard.key) / "trained.json", shard, paths)


def train_run(workspace: Workspace, run: Run, how: Execution, clock: loop.Clock, log: Log) -> None:
    """Train one run into its folder of the store; a control needs no training and is recorded at once."""
    folder = workspace.paths.run(run.key)
    model = models.model(run.model, **run.params)
    about = run_facts(run)
    if not model.trained:
        records.finish(
            folder,
            {},
            pd.DataFrame({"step": [], "loss": []}),
            about | {"state": "done", "steps": 0},
        )
        return
    training = training_of(run)
    if (folder / files.CHECKPOINT).exists():
        log(f"{run.key}: going on from its checkpoint")
    log(f"{run.key}: training {run.steps:,} steps of {run.model} {run.params}, {how.precision}")
    data = open_data(workspace, run)
    about |= machine.execution_facts(how) | {"data": data_facts(workspace, run)}
    made, kept = session(run, how), {part.steps: part for part in run.kept}

    def reached(state: loop.State) -> None:
        if (part := kept.get(state.step)) is not None:
            keep(workspace, part, state, loop.weights(state), about)

    try:
        state = loop.run(
            model, training, data, run.seed, how.precision, folder, clock, made, reached
        )
        clock.keep()
    except loop.NonFiniteLoss as failure:
        write_failed(folder, failure.state, failure.step, failure.last, about, log)
        keep_failed(workspace, run, failure.state, failure.step, failure.last, about, log)
        return
    write_done(folder, state, loop.weights(state), about)
