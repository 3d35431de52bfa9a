"""Train the runs of a shard in packs; in the store they look like runs trained one by one.

Each run has its own lease, checkpoint, history and record, so that a run started in a pack may be
finished alone or in another pack, and the other way round. ``sessions`` in its record says which
process did what.
"""

import contextlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch

from facsimile import models
from facsimile.datasets import of_images
from facsimile.foundation import canonical
from facsimile.foundation.log import Log
from facsimile.models import Model
from facsimile.planning.workspace import Workspace
from facsimile.store import checkpoints, shard_jobs
from facsimile.store.lease import Lease, LeaseLost, leased
from facsimile.studies.runs import Run, Shard
from facsimile.studies.training import Training
from facsimile.training import loop, machine, parent_weights, weights_code
from facsimile.training.loggers import Curves
from facsimile.training.machine import Execution
from facsimile.training.pack import BLOCK, Block, Member, Pack, PackSettings, keep_compiled
from facsimile.training.run_records import (
    check_batch,
    curves,
    data_facts,
    open_data,
    parameter_shapes,
    run_facts,
    session,
    store_failed_snapshots,
    store_snapshot,
    write_done,
    write_failed,
)


@dataclass
class PackedRun:
    """A run in a slot of a pack, whose lease this process holds.

    ``facts`` are what is known of its record so far; ``curves`` sends its losses to loggers.
    ``step``, ``history``, ``seconds`` and ``sessions`` are what a checkpoint holds of it besides
    tensors.
    """

    run: Run
    lease: Lease
    folder: Path
    model: Model
    slot: int
    facts: dict[str, Any]
    curves: Curves
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    sessions: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False  # done, failed, or taken over by another process


def make_all(
    workspace: Workspace,
    shard: Shard,
    execution: Execution,
    clock: loop.Clock,
    log: Log,
) -> None:
    """Train all runs of the shard that have steps and are not in the store, in packs."""
    paths = workspace.paths
    keep_compiled(paths.root / "cache")
    waiting = shard_jobs.WaitingForOthers(paths, log)
    while missing := _missing(workspace, shard):
        with contextlib.ExitStack() as stack:
            leased_runs = list(_lease_runs(workspace, missing, execution.pack, stack, log))
            if leased_runs:
                log(
                    f"{shard.key}: a pack of {len(leased_runs)} of the {len(missing)} runs "
                    f"to make, K = {execution.pack}, {execution.precision}"
                )
                train_pack(workspace, leased_runs, execution, clock, log)
        # Other processes are making all of them.
        if not leased_runs:
            waiting.wait(missing)


def _missing(
    workspace: Workspace,
    shard: Shard,
) -> list[Run]:
    """The runs to train now: whole runs if any are missing, otherwise the missing snapshots.

    A whole run stores its snapshots on the way; those that are missing afterwards are trained like
    any other run.
    """
    missing = []
    for run in shard.runs:
        in_store = shard_jobs.trained(workspace.paths, run)
        if not run.control and not in_store:
            missing.append(run)
    whole = [run for run in missing if not run.snapshot_of]
    return whole or missing


def _lease_runs(
    workspace: Workspace,
    runs: list[Run],
    size: int,
    stack: contextlib.ExitStack,
    log: Log,
) -> Iterator[tuple[Run, Lease]]:
    """Lease up to ``size`` runs that share one program (``_program``).

    ``stack`` gives the leases back at its end.
    """
    program = None
    count = 0
    for run in runs:
        if count == size:
            return
        program_of_run = _program(run)
        if program not in (None, program_of_run):
            continue
        folder = workspace.paths.run(run.key)
        lease = stack.enter_context(leased(folder))
        # Another process may have finished the run just before we took the lease.
        if lease is None or shard_jobs.trained(workspace.paths, run):
            continue
        if parent_weights.begin(workspace, run, log):
            program = program_of_run
            count += 1
            yield run, lease


def _program(run: Run) -> str:
    """What runs of a pack must share: training, sub-grid and the sizes of their networks."""
    return canonical.dumps(
        {
            "training": run.statement["training"],
            "subgrid": run.subgrid,
            "shapes": parameter_shapes(run),
        }
    )


def train_pack(
    workspace: Workspace,
    leased_runs: list[tuple[Run, Lease]],
    execution: Execution,
    clock: loop.Clock,
    log: Log,
) -> None:
    """Train leased runs of one program to their ends in one pack.

    Checkpoints are written whenever ``clock`` says so. Raises RuntimeError if the pack does not
    fit in the GPU's memory.
    """
    packed_runs = []
    for slot, (run, lease) in enumerate(leased_runs):
        packed_runs.append(_in_slot(workspace, run, lease, slot, execution, log))

    # All runs of a pack share training settings and sub-grid.
    first = packed_runs[0]
    training = Training.model_validate(first.run.statement["training"])
    members = [Member(packed.model, packed.run.seed) for packed in packed_runs]
    settings = PackSettings(
        torch.device(execution.device),
        execution.precision,
        execution.compiled,
        small=execution.small,
    )
    try:
        data = of_images(open_data(workspace, first.run))
        check_batch(training, data)
        pack = Pack(members, execution.pack, training, data, settings)
        for packed in packed_runs:
            this_session = session(packed.run, execution)
            this_session |= parent_weights.of_session(packed.facts)
            _resume(pack, packed, this_session, log)
        _train(pack, packed_runs, training, clock, workspace, log)
    except torch.OutOfMemoryError as error:
        raise RuntimeError(
            f"a pack of {execution.pack} runs does not fit in the GPU's memory; "
            f"set a smaller pack ({error})"
        ) from None
    finally:
        for packed in packed_runs:
            packed.curves.close()


def _train(
    pack: Pack,
    packed_runs: list[PackedRun],
    training: Training,
    clock: loop.Clock,
    workspace: Workspace,
    log: Log,
) -> None:
    while active := [packed for packed in packed_runs if not packed.ended]:
        began = time.perf_counter()
        count = _steps_ahead(active, training.steps, clock.every)
        # Asked to stop, it ends the block early, so that there is time to write checkpoints.
        block = pack.advance(count, lambda: clock.stopping)
        seconds_per_run = (time.perf_counter() - began) / len(active)
        for packed in active:
            _note_progress(packed, block, training.steps, seconds_per_run)
            packed.curves.update(packed.history)
        for packed in active:
            _store_snapshots(pack, packed, block, workspace)
            _store_if_ended(pack, packed, block, training.steps, workspace, log)
        active = [packed for packed in active if not packed.ended]
        if any(clock.due(packed.step) for packed in active):
            # Runs advance together, so their checkpoints are written together.
            for packed in active:
                if _still_ours(pack, packed, log):
                    tensors = pack.tensors(packed.slot)
                    checkpoints.save_checkpoint(packed.folder, tensors, loop.progress(packed))
            clock.saved()


def _in_slot(
    workspace: Workspace,
    run: Run,
    lease: Lease,
    slot: int,
    execution: Execution,
    log: Log,
) -> PackedRun:
    facts = run_facts(run)
    facts |= {"code": weights_code.hashes(run, packed=True, small=execution.small)}
    facts |= machine.execution_facts(execution)
    facts |= {"slot": slot, "data": data_facts(workspace, run)}
    facts |= parent_weights.facts(workspace, run)
    folder = workspace.paths.run(run.key)
    model = models.model(run.model, **run.params)
    return PackedRun(run, lease, folder, model, slot, facts, curves(workspace, run, log))


def _resume(
    pack: Pack,
    packed: PackedRun,
    this_session: dict[str, Any],
    log: Log,
) -> None:
    """Load a run's checkpoint into its slot, if it has one, and note this process's session."""
    checkpoint = checkpoints.load_checkpoint(packed.folder, log)
    if checkpoint is not None:
        tensors, progress = loop.matching(checkpoint, pack.networks, packed.folder)
        pack.restore(packed.slot, tensors, progress["step"])
        for name in loop.PROGRESS:
            setattr(packed, name, progress[name])
        log(f"{packed.run.key}: going on from its checkpoint, step {packed.step:,}")
    packed.sessions.append({"from": packed.step, **this_session})


def _steps_ahead(
    active: list[PackedRun],
    steps: int,
    every: int | None,
) -> int:
    """Steps until the losses are looked at again.

    These are at most a block. They end at the end of training, at the next snapshot of a run, or
    at its next checkpoint if one is due ``every`` so many steps.
    """
    to_the_end = max(steps - packed.step for packed in active)
    distances = [BLOCK, to_the_end]
    for packed in active:
        for snapshot in packed.run.snapshot_runs:
            if snapshot.steps > packed.step:
                distances.append(snapshot.steps - packed.step)
        if every:
            distances.append(every - packed.step % every)
    return min(distances)


def _note_progress(
    packed: PackedRun,
    block: Block,
    steps: int,
    seconds: float,
) -> None:
    """Add the steps of a block to a run's history, step and seconds."""
    first = block.first[packed.slot]
    packed.step = block.steps[packed.slot]
    packed.seconds += seconds
    for step in range(first, packed.step):
        if loop.recorded(step, steps):
            row: dict[str, float] = {"step": step}
            for name, values in block.terms.items():
                row[name] = float(values[step - first, packed.slot])
            packed.history.append(row)


def _store_snapshots(
    pack: Pack,
    packed: PackedRun,
    block: Block,
    workspace: Workspace,
) -> None:
    """Store the state of a run if it is at one of its snapshots and its losses are finite."""
    if not block.finite[packed.slot]:
        return
    for snapshot in packed.run.snapshot_runs:
        if snapshot.steps == packed.step:
            weights = pack.weights(packed.slot)
            store_snapshot(workspace, snapshot, packed, weights, packed.facts)


def _store_if_ended(
    pack: Pack,
    packed: PackedRun,
    block: Block,
    steps: int,
    workspace: Workspace,
    log: Log,
) -> None:
    """Store a run that has made all its steps, or whose loss is no longer finite."""
    is_finite = block.finite[packed.slot]
    if is_finite and packed.step < steps:
        return
    if not _still_ours(pack, packed, log):
        return
    if is_finite:
        write_done(packed.folder, packed, pack.weights(packed.slot), packed.facts)
        log(f"{packed.run.key}: done")
    else:
        last = block.last[packed.slot]
        last_finite = None if math.isnan(last) else last
        # Only its step, history, seconds and sessions are used of the state.
        failure = loop.NonFiniteLoss(cast(loop.State, packed), last_finite)
        write_failed(packed.folder, failure, packed.facts, log)
        store_failed_snapshots(workspace, packed.run, failure, packed.facts, log)
    packed.ended = True


def _still_ours(
    pack: Pack,
    packed: PackedRun,
    log: Log,
) -> bool:
    """Whether we still hold a run's lease; if not, the run is given up and the pack continues."""
    try:
        packed.lease.check()
    except LeaseLost as lost:
        log(f"{packed.run.key}: {lost}; left to it")
        pack.freeze(packed.slot)
        packed.ended = True
    return not packed.ended
