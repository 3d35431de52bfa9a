"""Checks of a file system: that it is what the store needs, tried on files of their own that are removed again."""

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

SKEW = 2.0  # seconds


def folder(results: Path) -> Checks:
    """What the store needs of a file system: to be written to, hard links, locks, a clock that agrees with ours."""
    with _scratch(results) as scratch:
        yield Check(
            "results", OK, f"{results.resolve()} can be written to by {socket.gethostname()}"
        )
        yield _links(scratch)
        yield _locking(scratch)
        yield _hdf5(scratch)
        yield _clock(scratch)


@contextmanager
def _scratch(results: Path) -> Iterator[Path]:
    # Not tempfile: what is examined is this very file system, and folders made by a pid that died are no harm.
    results.mkdir(parents=True, exist_ok=True)
    made = results / f".doctor.{socket.gethostname()}.{os.getpid()}"
    made.mkdir()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _links(scratch: Path) -> Check:
    """A claim is a hard link: the second of two must fail."""
    remedy = (
        "two jobs may make one run at a time there; set results to a folder of another file system"
    )
    first, second = scratch / "claim", scratch / "claim.json"
    first.write_text("first")
    try:
        os.link(first, second)
    except OSError as error:
        return Check("hard links", PROBLEM, f"refused ({error.strerror})", remedy)
    try:
        os.link(first, second)
    except FileExistsError:
        return Check("hard links", OK, "a run can be claimed once")
    return Check("hard links", PROBLEM, "a file was linked over another", remedy)


def _locking(scratch: Path) -> Check:
    """HDF5 locks the files that it opens."""
    path = scratch / "lock"
    remedy = "export HDF5_USE_FILE_LOCKING=FALSE in jobs; files are written whole and renamed, so nothing depends on locks"
    with path.open("w") as first, path.open("w") as second:
        try:
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return Check("file locks", WARNING, f"refused ({error.strerror})", remedy)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Check("file locks", OK, "held against a second process")
        return Check("file locks", WARNING, "not held: a second process got the same lock", remedy)


def _hdf5(scratch: Path) -> Check:
    path = scratch / "latents.h5"
    try:
        with h5py.File(path, "w") as file:
            file.create_dataset("mean", data=[1.0, 2.0])
        os.replace(path, scratch / "renamed.h5")
        with h5py.File(scratch / "renamed.h5", "r") as file:
            whole = file["mean"][()].tolist() == [1.0, 2.0]
    except (OSError, KeyError) as error:
        return Check(
            "HDF5",
            PROBLEM,
            f"cannot be written and read there ({error})",
            "export HDF5_USE_FILE_LOCKING=FALSE",
        )
    return Check(
        "HDF5",
        OK if whole else PROBLEM,
        "written, renamed, read" if whole else "read back otherwise than written",
    )


def _clock(scratch: Path) -> Check:
    path = scratch / "clock"
    before = time.time()
    path.write_text("now")
    apart = _apart(path.stat().st_mtime, before, time.time())
    if apart <= SKEW:
        return Check(
            "clock", OK, f"the file system's is within {max(apart, 0.1):.1f} s of this host's"
        )
    said = f"the file system's is {apart:,.0f} s away from this host's"
    return Check(
        "clock",
        WARNING,
        said,
        "run NTP on both; until then snakemake may do again what is done (no run is retrained)",
    )


def _apart(written: float, before: float, after: float) -> float:
    """Seconds by which a time lies outside an interval."""
    return max(before - written, written - after, 0.0)
