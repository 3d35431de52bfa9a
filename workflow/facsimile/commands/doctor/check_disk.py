"""Checks of a file system: whether it does what the store relies on.

Each check works on files of its own, which are removed afterwards.
"""

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from facsimile.commands.doctor.check import OK, PROBLEM, WARNING, Check, Checks

SKEW = 2.0  # seconds that two clocks may differ


def folder(results: Path) -> Checks:
    """Check that results can be written, and check hard links, locks, HDF5 and the clock there."""
    with _scratch(results) as scratch:
        message = f"{results.resolve()} can be written to by {socket.gethostname()}"
        yield Check("results", OK, message)
        yield _links(scratch)
        yield _locking(scratch)
        yield _hdf5(scratch)
        yield _clock(scratch)


@contextmanager
def _scratch(results: Path) -> Iterator[Path]:
    # Not tempfile: this very file system is examined.
    # A folder that a killed process leaves behind does no harm.
    results.mkdir(parents=True, exist_ok=True)
    scratch = results / f".doctor.{socket.gethostname()}.{os.getpid()}"
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _links(scratch: Path) -> Check:
    """A lease is a hard link: linking a second file to the same name must fail."""
    remedy = (
        "two jobs may make the same run at the same time there; "
        "set results to a folder on another file system"
    )
    first = scratch / "claim"
    second = scratch / "claim.json"
    first.write_text("first")
    try:
        os.link(first, second)
    except OSError as error:
        return Check("hard links", PROBLEM, f"refused ({error.strerror})", remedy)
    try:
        os.link(first, second)
    except FileExistsError:
        return Check("hard links", OK, "only one process can lease a run")
    return Check("hard links", PROBLEM, "a link replaced an existing file", remedy)


def _locking(scratch: Path) -> Check:
    """HDF5 locks the files that it opens."""
    path = scratch / "lock"
    remedy = (
        "export HDF5_USE_FILE_LOCKING=FALSE in jobs; "
        "files are written whole and renamed, so nothing depends on locks"
    )
    with path.open("w") as first, path.open("w") as second:
        try:
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return Check("file locks", WARNING, f"refused ({error.strerror})", remedy)
        # flock belongs to the open file, so that a second one in this process is refused, too.
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Check("file locks", OK, "keep a second process out")
        return Check("file locks", WARNING, "ignored: a second process got the same lock", remedy)


def _hdf5(scratch: Path) -> Check:
    """Write, rename and read a file as the store does."""
    written = scratch / "latents.h5"
    renamed = scratch / "renamed.h5"
    values = [1.0, 2.0]
    try:
        with h5py.File(written, "w") as file:
            file.create_dataset("mean", data=values)
        os.replace(written, renamed)
        with h5py.File(renamed, "r") as file:
            unchanged = file["mean"][()].tolist() == values
    except (OSError, KeyError) as error:
        message = f"cannot be written and read there ({error})"
        return Check("HDF5", PROBLEM, message, "export HDF5_USE_FILE_LOCKING=FALSE")
    if not unchanged:
        return Check("HDF5", PROBLEM, "the values read are not those written")
    return Check("HDF5", OK, "written, renamed, read")


def _clock(scratch: Path) -> Check:
    """Compare the time that the file system gives a new file with the clock of this host.

    Snakemake decides by the times of files which jobs to run.
    """
    path = scratch / "clock"
    before = time.time()
    path.write_text("now")
    difference = _outside(path.stat().st_mtime, before, time.time())
    if difference <= SKEW:
        limit = max(difference, 0.1)
        message = f"that of the file system is within {limit:.1f} s of this host's"
        return Check("clock", OK, message)
    message = f"that of the file system is {difference:,.0f} s away from this host's"
    remedy = (
        "run NTP on both; until then snakemake may repeat finished jobs (no run is trained again)"
    )
    return Check("clock", WARNING, message, remedy)


def _outside(
    moment: float,
    before: float,
    after: float,
) -> float:
    """Seconds by which a moment is outside the interval from ``before`` to ``after``."""
    return max(before - moment, moment - after, 0.0)
