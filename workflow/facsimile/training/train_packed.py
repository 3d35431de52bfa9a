"""Train the runs of a shard in packs: what the store sees of each run is what it sees of one trained alone.

Each run has its claim, its checkpoint, its history and its record, so that a run begun in a pack may be finished alone, or in
another pack, and the other way round. ``sessions`` in its record says who did what.
"""

import contextlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from facsimile import models
from facsimile.datasets import of_images
from facsimile.foundation import canonical
from facsimile.models import Model
from facsimile.planning.workspace import Workspace
from facsimile.store import checkpoints, shard_jobs
from facsimile.store.lease import Lease, LeaseLost, leased
from facsimile.store.shard_jobs import Log
from facsimile.studies.runs import Run, Shard
from facsimile.studies.training import Training
from facsimile.training import loop, machine, weights_code
from facsimile.training.machine import Execution
from facsimile.training.pack import BLOCK, Block, How, Member, Pack, keep_compiled
from facsimile.training.run_records import (
    data_facts,
    keep,
    keep_failed,
    open_data,
    run_facts,
    session,
    write_done,
    write_failed,
)


@dataclass
class Held:
    """A run that this process holds the claim of: its slot, and what a checkpoint says of it besides tensors."""

    run: Run
    claim: Lease
    folder: Path
    model: Model
    slot: int
    about: dict[str, Any]
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    sessions: list[dict[str, Any]] = field(default_factory=list)
    gone: bool = False  # done, failed, or another's


def make_all(
    workspace: Workspace, shard: Shard, how: Execution, clock: loop.Clock, log: Log
) -> None:
    """Train every run of the shard that has steps and is not in the store, as many at once as a pack holds."""
    paths = workspace.paths
    keep_compiled(paths.root / "cache")
    waiting: set[str] = set()
    # A whole run brings its snapshots with it; those that are lacking then are runs like others.
    while todo := _first(
        [run for run in shard.runs if not run.control and not shard_jobs.trained(paths, run)]
    ):
        with contextlib.ExitStack() as stack:
            mine = list(_claim(workspace, todo, how.pack, stack))
            if mine:
                log(
                    f"{shard.key}: a pack of {len(mine)} of the {len(todo)} runs to make, K = {how.pack}, {how.precision}"
                )
                train_pack(workspace, mine, how, clock, log)
        if not mine:
            for run in todo:
                if run.key not in waiting:
                    holder = Lease(paths.run(run.key)).describe()
                    log(
                        f"{run.key}: {holder} is making it; waiting for it, or for its claim to run out"
                    )
                    waiting.add(run.key)
            time.sleep(shard_jobs.POLL)


def _first(todo: list[Run]) -> list[Run]:
    return [run for run in todo if not run.part_of] or todo


def _claim(
    workspace: Workspace, todo: list[Run], size: int, stack: contextlib.ExitStack
) -> Iterator[tuple[Run, Lease]]:
    """Claim up to ``size`` runs of one program: of one training and sub-grid."""
    program, count = None, 0
    for run in todo:
        own = canonical.dumps({"training": run.statement["training"], "subgrid": run.subgrid})
        if count == size or program not in (None, own):
            continue
        claim = stack.enter_context(leased(workspace.paths.run(run.key)))
        # It may have been finished between our look and our claim.
        if claim is not None and not shard_jobs.trained(workspace.paths, run):
            program, count = own, count + 1
            yield run, claim


def train_pack(
    workspace: Workspace, mine: list[tuple[Run, Lease]], how: Execution, clock: loop.Clock, log: Log
) -> None:
    """Train claimed runs of one program to their ends in one pack, writing checkpoints when the clock says so."""
    held = [_hold(workspace, run, claim, slot, how) for slot, (run, claim) in enumerate(mine)]
    training = Training.model_validate(held[0].run.statement["training"])
    members = [Member(one.model, one.run.seed) for one in held]
    on = How(torch.device(how.device), how.precision, how.compiled)
    try:
        pack = Pack(members, how.pack, training, of_images(open_data(workspace, held[0].run)), on)
        for one in held:
            _resume(pack, one, session(one.run, how), log)
        _train(pack, held, training, clock, workspace, log)
    except torch.OutOfMemoryError as error:
        raise RuntimeError(
            f"a pack of {how.pack} runs does not fit in the GPU's memory; set a smaller pack ({error})"
        ) from None


def _train(
    pack: Pack,
    held: list[Held],
    training: Training,
    clock: loop.Clock,
    workspace: Workspace,
    log: Log,
) -> None:
    while working := [one for one in held if not one.gone]:
        began = time.perf_counter()
        block = pack.advance(
            _steps_ahead(working, training.steps, clock.every), lambda: clock.stopping
        )
        share = (time.perf_counter() - began) / len(working)
        for one in working:
            _note(one, block, training.steps, share)
        for one in working:
            _keep(pack, one, block, workspace)
            _settle(pack, one, block, training.steps, workspace, log)
        working = [one for one in working if not one.gone]
        if working and any(clock.due(one.step) for one in working):
            for one in working:
                if _still_ours(pack, one, log):
                    checkpoints.save_checkpoint(
                        one.folder, pack.tensors(one.slot), loop.progress(one)
                    )
            clock.saved()


def _hold(workspace: Workspace, run: Run, claim: Lease, slot: int, how: Execution) -> Held:
    about = (
        run_facts(run) | {"code": weights_code.of(run, packed=True)} | machine.execution_facts(how)
    )
    about |= {"slot": slot, "data": data_facts(workspace, run)}
    return Held(
        run, claim, workspace.paths.run(run.key), models.model(run.model, **run.params), slot, about
    )


def _resume(pack: Pack, one: Held, made: loop.Session, log: Log) -> None:
    if saved := checkpoints.load_checkpoint(one.folder, log):
        tensors, progress = loop.fitting(saved, pack.networks, one.folder)
        pack.restore(one.slot, tensors, progress["step"])
        for name in loop.PROGRESS:
            setattr(one, name, progress[name])
        log(f"{one.run.key}: going on from its checkpoint, step {one.step:,}")
    one.sessions.append({"from": one.step, **made})


def _steps_ahead(working: list[Held], steps: int, every: int | None) -> int:
    """Steps to the next look at the losses: a block, but no further than the end, a run's next snapshot, or its next checkpoint
    by steps.
    """
    most = min(BLOCK, max(steps - one.step for one in working))
    snapshots = [
        part.steps - one.step for one in working for part in one.run.kept if part.steps > one.step
    ]
    return min([most, *snapshots, *(every - one.step % every for one in working if every)])


def _note(one: Held, block: Block, steps: int, share: float) -> None:
    """Add what a block said of a run to its history, steps and seconds."""
    first, one.step = block.first[one.slot], block.steps[one.slot]
    one.seconds += share
    for step in range(first, one.step):
        if loop.recorded(step, steps):
            one.history.append(
                {"step": step}
                | {name: float(v[step - first, one.slot]) for name, v in block.terms.items()}
            )


def _keep(pack: Pack, one: Held, block: Block, workspace: Workspace) -> None:
    """Store a run's snapshot, if it is at one."""
    for part in one.run.kept if block.finite[one.slot] else ():
        if part.steps == one.step:
            keep(workspace, part, one, pack.weights(one.slot), one.about)


def _settle(
    pack: Pack, one: Held, block: Block, steps: int, workspace: Workspace, log: Log
) -> None:
    """Write a run that is at its end, or whose loss is no longer finite."""
    if block.finite[one.slot] and one.step < steps:
        return
    if not _still_ours(pack, one, log):
        return
    if block.finite[one.slot]:
        write_done(one.folder, one, pack.weights(one.slot), one.about)
        log(f"{one.run.key}: done")
    else:
        last = block.last[one.slot]
        finite = None if math.isnan(last) else last
        write_failed(one.folder, one, one.step, finite, one.about, log)
        keep_failed(workspace, one.run, one, one.step, finite, one.about, log)
    one.gone = True


def _still_ours(pack: Pack, one: Held, log: Log) -> bool:
    """Whether the claim stands; a run that another process took over is let go, and the rest of the pack goes on."""
    try:
        one.claim.keep()
    except LeaseLost as lost:
        log(f"{one.run.key}: {lost}; left to it")
        pack.freeze(one.slot)
        one.gone = True
    return not one.gone
