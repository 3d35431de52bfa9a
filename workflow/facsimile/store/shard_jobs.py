"""What the jobs of a shard share: make the runs that are missing in the store, write an index.

Snakemake deletes the declared outputs of a job before it starts and after it fails. Runs are not
declared as outputs, so they stay.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from facsimile.foundation import atomic
from facsimile.foundation.log import Log
from facsimile.foundation.paths import Paths
from facsimile.store import files, records
from facsimile.store.lease import Lease, LeaseLost, leased
from facsimile.studies.runs import Run, Shard

POLL = 2.0  # seconds between two looks at a run that another process is making


def make_all(
    shard: Shard,
    paths: Paths,
    done: Callable[[Run], bool],
    make: Callable[[Run, Lease], None],
    log: Log,
) -> None:
    """Make every run of the shard that is not ``done``, and wait for runs of other processes.

    ``make`` is called while this process holds the lease on the run's folder. Whole runs come
    first and store their snapshots on the way; then the snapshots that are still missing are made.
    """
    snapshots = shard.runs[len(shard.whole) :]
    for runs in (shard.whole, snapshots):
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
    missing = [run for run in runs if not done(run)]
    noun = "snapshots" if runs[0].snapshot_of else "runs"
    count = len(runs) - len(missing)
    log(f"{shard.key}: {count} of {len(runs)} {noun} are there, {len(missing)} to make")
    waiting = WaitingForOthers(paths, log)
    while missing:
        # Those that are still missing are being made by other processes. We look at them again
        # after a while: if such a process died, we make its runs.
        missing = [run for run in missing if not _make(run, paths, done, make)]
        if missing:
            waiting.wait(missing)


def _make(
    run: Run,
    paths: Paths,
    done: Callable[[Run], bool],
    make: Callable[[Run, Lease], None],
) -> bool:
    """Make a run unless it is done; returns False if another process is making it."""
    if done(run):
        return True
    folder = paths.run(run.key)
    with files.room_on_disk(folder), leased(folder) as lease:
        if lease is None:
            return False
        files.remove_partial_files(folder)
        # Another process may have finished the run just before we took the lease.
        if not done(run):
            try:
                make(run, lease)
            except LeaseLost:
                return False
        return True


class WaitingForOthers:
    """Waits for runs that other processes are making, and logs each of these runs once."""

    def __init__(self, paths: Paths, log: Log) -> None:
        self._paths = paths
        self._log = log
        self._logged: set[str] = set()

    def wait(self, runs: Iterable[Run]) -> None:
        """Wait for ``POLL`` seconds; first log who is making those runs, if not yet logged."""
        for run in runs:
            if run.key not in self._logged:
                holder = Lease(self._paths.run(run.key)).holder()
                self._log(
                    f"{run.key}: {holder} is making it; waiting for it, or for its lease to run out"
                )
                self._logged.add(run.key)
        time.sleep(POLL)


def clear_future_time(path: Path, log: Log) -> None:
    """Set the modification time of a job's input to now if it is in the future.

    It does if the clock of the host that wrote the file is ahead. Snakemake would take every
    output for older than this input, and fail the job, until that time has come.
    """
    if not path.exists():
        return
    seconds_ahead = path.stat().st_mtime - time.time()
    if seconds_ahead <= 0:
        return
    log(
        f"{path}: modification time is {seconds_ahead:,.0f} s in the future; reset to now. "
        "Run NTP on all hosts: facsimile doctor"
    )
    os.utime(path)


def write_index(path: Path, shard: Shard, paths: Paths) -> None:
    """Write a shard's index: its runs and their states; all that Snakemake sees of a shard."""
    states: dict[str, Any] = {}
    for run in shard.runs:
        record = records.record(paths.run(run.key)) or {}
        states[run.key] = record.get("state", "missing")
    with files.room_on_disk(path.parent):
        atomic.write_json(path, {"shard": shard.key, "runs": states})


def trained(paths: Paths, run: Run) -> bool:
    """Whether the store holds the record of the run, done or failed."""
    return records.record(paths.run(run.key)) is not None


def failed(paths: Paths, run: Run) -> bool:
    """Whether the run failed, so that there is nothing to encode or score."""
    record = records.record(paths.run(run.key))
    return record is not None and record["state"] == "failed"


def identity(run: Run) -> dict[str, Any]:
    """What identifies a run in its record and in the attributes of its latents."""
    return {
        "run": run.key,
        "dataset": run.dataset,
        "model": run.model,
        "seed": run.seed,
        "statement": run.statement,
    }
