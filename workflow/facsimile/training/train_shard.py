"""Train a shard in one process: its runs one after the other, or in packs."""

import contextlib
import signal
from collections.abc import Callable
from typing import Any

import pandas as pd

from facsimile import models
from facsimile.datasets import Arrays
from facsimile.foundation.log import Log
from facsimile.models.base.algorithm import AlgorithmModel
from facsimile.planning import environment
from facsimile.planning.workspace import Workspace
from facsimile.store import files, records, shard_jobs, shard_progress
from facsimile.store.lease import Lease
from facsimile.studies.runs import Run, Shard
from facsimile.training import algorithm_runs, loggers, loop, machine, parent_weights
from facsimile.training.machine import Execution
from facsimile.training.run_records import (
    check_batch,
    curves,
    data_facts,
    is_arrays_model,
    is_small,
    open_data,
    plain_execution,
    run_facts,
    session,
    store_failed_snapshots,
    store_snapshot,
    training_of,
    write_done,
    write_failed,
)


def train_shard(
    workspace: Workspace,
    shard: Shard,
    log: Log,
) -> None:
    """Train the runs of a shard that are not in the store yet, then write ``trained.json``.

    On SIGTERM and on the first Ctrl-C a checkpoint is written, then loop.Interrupted is raised.
    """
    environment.keep_freed_memory()
    machine.one_thread()
    paths = workspace.paths
    config = workspace.config
    loggers.modules(config.loggers)  # an error now is better than one after the start of a run
    # Runs of a shard have one model and data set; where they differ, networks of both sizes occur.
    trained = [run for run in shard.runs if not run.control]
    small = bool(trained) and all(map(is_small, trained))
    execution = machine.execution(config, small)
    shard_jobs.clear_future_time(paths.dataset(shard.dataset), log)
    clock = loop.Clock(config.checkpoint_minutes, config.checkpoint_steps)

    def stop(number: int, _: object) -> None:
        clock.stopping = True
        # Who presses Ctrl-C again does not want to wait for the end of a step.
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # Also where the configuration asks for packs.
    if is_arrays_model(shard.model):
        execution = plain_execution(shard.model)
    if execution.name == "packed":
        from facsimile.training import train_packed  # on a GPU it imports a compiler

        train_packed.make_all(workspace, shard, execution, clock, log)

    def done(run: Run) -> bool:
        return shard_jobs.trained(paths, run)

    total = sum(run.steps for run in shard.whole)
    with shard_progress.writing(paths.shard(shard.key), "train", "steps", total) as progress:

        def make(run: Run, lease: Lease) -> None:
            clock.check_lease = lease.check
            before = sum(other.steps for other in shard.whole if done(other))
            train_run(
                workspace, run, execution, clock, log, lambda step: progress.update(before + step)
            )

        # After packs only controls are left, which have no steps to pack.
        shard_jobs.make_all(shard, paths, done, make, log)
    shard_jobs.write_index(paths.shard(shard.key) / "trained.json", shard, paths)


def train_run(
    workspace: Workspace,
    run: Run,
    execution: Execution,
    clock: loop.Clock,
    log: Log,
    watch: Callable[[int], None] = lambda step: None,
) -> None:
    """Train one run and store it; a control needs no training and is stored at once.

    ``watch`` is called with the number of steps made, after each step.
    """
    folder = workspace.paths.run(run.key)
    model = models.model(run.model, **run.params)
    facts = run_facts(run)
    if not model.trained:
        history = pd.DataFrame({"step": [], "loss": []})
        records.finish(folder, {}, history, facts | {"state": "done", "steps": 0})
        return
    training = training_of(run)
    if (folder / files.CHECKPOINT).exists():
        log(f"{run.key}: going on from its checkpoint")
    if not parent_weights.begin(workspace, run, log):
        return
    log(
        f"{run.key}: training {run.steps:,} steps of {run.model} {run.params}, "
        f"{execution.precision}"
    )
    data = open_data(workspace, run)
    if not isinstance(data, Arrays):
        check_batch(training, data)
    facts |= machine.execution_facts(execution)
    facts |= {"data": data_facts(workspace, run)} | parent_weights.facts(workspace, run)
    this_session = session(run, execution) | parent_weights.of_session(facts)
    snapshots = {snapshot.steps: snapshot for snapshot in run.snapshot_runs}
    logged = curves(workspace, run, log)

    is_algorithm = isinstance(model, AlgorithmModel)
    weights_of = algorithm_runs.tensors if is_algorithm else loop.weights

    def reached(state: Any) -> None:
        watch(state.step)
        logged.update(state.history)
        snapshot = snapshots.get(state.step)
        if snapshot is not None:
            store_snapshot(workspace, snapshot, state, weights_of(state), facts)

    try:
        with contextlib.closing(logged):
            state: Any
            if isinstance(model, AlgorithmModel):
                state = algorithm_runs.run(
                    model, training, data, run.seed, folder, clock, this_session, reached
                )
            else:
                state = loop.run(
                    model,
                    training,
                    data,
                    run.seed,
                    execution.precision,
                    folder,
                    clock,
                    this_session,
                    reached,
                    execution.layers or "torch",
                )
            logged.update(state.history)
        # Another process may have taken the lease over since the last checkpoint.
        clock.check_lease()
    except loop.NonFiniteLoss as failure:
        write_failed(folder, failure, facts, log)
        store_failed_snapshots(workspace, run, failure, facts, log)
        return
    write_done(folder, state, weights_of(state), facts)
