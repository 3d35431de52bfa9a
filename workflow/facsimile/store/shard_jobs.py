"""What a job does: make what a shard lacks in the store, skip what is there, then write the shard's index.

Snakemake deletes a job's declared outputs before it runs and after it fails; the runs are not declared, so they outlive both.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from facsimile.foundation import atomic
from facsimile.foundation.paths import Paths
from facsimile.store import files, records
from facsimile.store.lease import Lease, LeaseLost, leased
from facsimile.studies.runs import Run, Shard

POLL = 2.0  # seconds between two looks at a run that another process is making
Log = Callable[[str], None]


def make_all(
    shard: Shard,
    paths: Paths,
    done: Callable[[Run], bool],
    make: Callable[[Run, Lease], None],
    log: Log,
) -> None:
    """Make every run of the shard that is not ``done``, each under its claim; wait for those that other processes hold.

    Whole runs come first, whoever makes them: their snapshots come with them, and only those that are lacking then are made.
    """
    for runs in (shard.whole, shard.runs[len(shard.whole) :]):
        if runs:
            _make_each(shard, runs, paths, done, make, log)


def _make_each(
    shard: Shard,
    runs: Sequence[Run],
    paths: Paths,
    done: Callable[[Run], bool],
    make: Callable[[Run, Lease], None],
    log: Log,
) -> None:
    todo = [run for run in runs if not done(run)]
    what = "snapshots" if runs[0].part_of else "runs"
    log(
        f"{shard.key}: {len(runs) - len(todo)} of {len(runs)} {what} are there, {len(todo)} to make"
    )
    said: set[str] = set()
    while todo:
        held = [run for run in todo if not _make(run, paths.run(run.key), done, make)]
        for run in held:
            if run.key not in said:
                holder = Lease(paths.run(run.key)).describe()
                log(
                    f"{run.key}: {holder} is making it; waiting for it, or for its claim to run out"
                )
                said.add(run.key)
        if held:
            time.sleep(POLL)
        todo = held


def _make(
    run: Run, folder: Path, done: Callable[[Run], bool], make: Callable[[Run, Lease], None]
) -> bool:
    """Whether the run needs no more attention from us: done, or made by us now."""
    if done(run):
        return True
    with files.room_on_disk(folder), leased(folder) as claim:
        if claim is None:
            return False
        files.sweep(folder)
        if not done(run):  # it may have been finished between our look and our claim
            try:
                make(run, claim)
            except LeaseLost:
                return False
        return True


def clear_future_time(path: Path, log: Log) -> None:
    """Set the time of a job's input to now where it is in the future: a clock was ahead where it was written.

    Snakemake would hold whatever is made of it to be older, and fail the job, until that time has come.
    """
    ahead = path.stat().st_mtime - time.time() if path.exists() else 0.0
    if ahead <= 0:
        return
    log(
        f"{path}: of a time {ahead:,.0f} s ahead of this host's; it is set to now. Run NTP on all hosts: facsimile doctor"
    )
    os.utime(path)


def write_index(path: Path, shard: Shard, paths: Paths) -> None:
    """A shard's index: which runs it holds and what became of them; all that Snakemake sees of a shard."""
    states: dict[str, Any] = {
        run.key: (records.record(paths.run(run.key)) or {}).get("state", "missing")
        for run in shard.runs
    }
    with files.room_on_disk(path.parent):
        atomic.write_json(path, {"shard": shard.key, "runs": states})


def trained(paths: Paths, run: Run) -> bool:
    """Whether the store holds the run, done or failed."""
    return records.record(paths.run(run.key)) is not None


def failed(paths: Paths, run: Run) -> bool:
    """Whether the run was made and failed, so that there is nothing to encode or score."""
    found = records.record(paths.run(run.key))
    return found is not None and found["state"] == "failed"


def identity(run: Run) -> dict[str, Any]:
    """What identifies a run in its record and in the attributes of its latents."""
    return {
        "run": run.key,
        "dataset": run.dataset,
        "model": run.model,
        "seed": run.seed,
        "statement": run.statement,
    }
