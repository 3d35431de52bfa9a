"""Downloads an official file: goes on where it was broken off, tries mirrors, and keeps nothing that has another checksum.

What has come so far lies beside the file as ``<name>.part``; ``<name>.part.json`` says from where and of which version it is.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.http import Broken, ask
from facsimile.datasets.base.official import Official

Progress = Callable[[int, int | None], None]
ATTEMPTS = 4  # at one address in a row without a new byte
WAIT = 1.0  # seconds before the second attempt, doubled before each further one


def fetch(official: Official, folder: Path, progress: Progress | None = None) -> Path:
    """Download a file into a folder, unless it is there already; what an earlier attempt left is gone on with.

    ``progress`` is called with (bytes here, bytes in all or None). Raises DatasetError that names every address and why it
    failed, and how to go on without a network.
    """
    target = folder / official.name
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    with part.open("ab") as file:
        _lock(file, part)
        failures = []
        for address in official.addresses:
            try:
                _complete(address, file, part, official, progress)
            except Broken as failure:
                failures.append(f"{address}: {failure}")
                continue
            os.fsync(file.fileno())
            part.replace(target)
            _note(part).unlink(missing_ok=True)
            return target
        kept = _size(file)
    if not kept:
        part.unlink()
        _note(part).unlink(missing_ok=True)
    raise DatasetError(
        f"{target}: cannot be downloaded ({'; '.join(failures)}); try again later"
        + (f", from the {kept:,} bytes that are here" if kept else "")
        + f", or get {official.name} elsewhere and put it there"
    )


def _complete(
    address: str, file: IO[bytes], part: Path, official: Official, progress: Progress | None
) -> None:
    """Complete the part from one address; raises Broken when that fails for good or too often, or the checksum differs."""
    mixed = (
        _size(file) > 0
    )  # what lay here may be of another version or mirror: then the checksum differs, and all is asked for
    attempts = 0
    while True:
        before = _size(file)
        try:
            _transfer(address, file, part, official, progress)
            official.sha256(part)
            return
        except Broken as failure:
            attempts = 1 if _size(file) > before else attempts + 1
            if failure.for_good or attempts >= ATTEMPTS:
                raise
            time.sleep(WAIT * 2 ** (attempts - 1))
        except DatasetError as wrong:
            file.truncate(0)
            if not mixed:
                raise Broken(wrong, for_good=True) from None
            mixed = False


def _transfer(
    address: str, file: IO[bytes], part: Path, official: Official, progress: Progress | None
) -> None:
    """Ask for what is missing and append it, until the connection ends; raises Broken if that is before the last byte."""
    version = _version(part, address)
    if not version and not official.checksum:
        file.truncate(0)  # nothing would tell whether old bytes and new ones are of one file
    with ask(address, _size(file), version) as answer:
        if official.size is not None and answer.total not in (None, official.size):
            raise Broken(
                f"{answer.total:,} bytes are offered, the official file has {official.size:,}",
                for_good=True,
            )
        if answer.first == 0:
            file.truncate(0)
        _note(part).write_text(
            json.dumps({"address": address, "version": answer.version}), encoding="utf-8"
        )
        for block in answer.blocks:
            file.write(block)
            if progress:
                progress(_size(file), answer.total)
        if answer.total is not None and _size(file) != answer.total:
            raise Broken(f"the connection ended after {_size(file):,} of {answer.total:,} bytes")


def _lock(file: IO[bytes], part: Path) -> None:
    """Keep other processes from appending to the same part."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DatasetError(
            f"{part}: another process is downloading it; wait until it has done so"
        ) from None
    except (
        OSError
    ):  # a file system without locks: then the checksum finds out what two processes have mixed
        return


def _size(file: IO[bytes]) -> int:
    file.flush()
    return os.fstat(file.fileno()).st_size


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _version(part: Path, address: str) -> str:
    """Which version of the file the part is of, if it came from this address; empty if that is not known."""
    try:
        note = json.loads(_note(part).read_text(encoding="utf-8"))
        return str(note["version"]) if note["address"] == address else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""
