"""Downloads an official file: resumes broken downloads, tries mirrors, and compares the checksum.

A file with the wrong checksum is never kept. What was downloaded so far is in ``<name>.part``
beside the file; ``<name>.part.json`` records the address it came from, and which version of the
file it is.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.http import TransferError, request
from facsimile.datasets.base.official import Official

Progress = Callable[[int, int | None], None]
ATTEMPTS = 4  # at one address in a row without a new byte
WAIT = 1.0  # seconds before the second attempt, doubled before each further one


def fetch(
    official: Official,
    folder: Path,
    progress: Progress | None = None,
) -> Path:
    """Download a file into a folder, unless it is already there, and return its path.

    An unfinished download of an earlier call is resumed. ``progress`` is called with (bytes
    downloaded, bytes in total or None if unknown).

    Raises DatasetError if no address works. The message lists each address with the reason, and
    says how to continue without a network.
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
            except TransferError as failure:
                failures.append(f"{address}: {failure}")
                continue
            # On disk before it gets its name: a file under that name is always complete.
            os.fsync(file.fileno())
            part.replace(target)
            _note(part).unlink(missing_ok=True)
            return target
        kept = _size(file)
    if not kept:
        # Nothing to resume from.
        part.unlink()
        _note(part).unlink(missing_ok=True)
    resume = f", from the {kept:,} bytes that are here" if kept else ""
    raise DatasetError(
        f"{target}: cannot be downloaded ({'; '.join(failures)}); try again later{resume}, "
        f"or get {official.name} elsewhere and put it there"
    )


def _complete(
    address: str,
    file: IO[bytes],
    part: Path,
    official: Official,
    progress: Progress | None,
) -> None:
    """Complete the partial file from one address.

    Raises TransferError if that fails permanently or too often, or if the checksum differs.
    """
    # Bytes from an earlier call may belong to another version of the file. If the checksum differs
    # then, the whole file is downloaded once more before the address is given up.
    has_old_bytes = _size(file) > 0
    attempts = 0
    while True:
        before = _size(file)
        try:
            _transfer(address, file, part, official, progress)
            official.sha256(part)
            return
        except TransferError as failure:
            # An attempt that brought new bytes starts the count again.
            attempts = 1 if _size(file) > before else attempts + 1
            if failure.permanent or attempts >= ATTEMPTS:
                raise
            time.sleep(WAIT * 2 ** (attempts - 1))
        except DatasetError as mismatch:
            # The checksum differs, so none of these bytes may be used again.
            file.truncate(0)
            if not has_old_bytes:
                raise TransferError(mismatch, permanent=True) from None
            has_old_bytes = False


def _transfer(
    address: str,
    file: IO[bytes],
    part: Path,
    official: Official,
    progress: Progress | None,
) -> None:
    """Request the missing bytes and append them until the connection ends.

    Raises TransferError if it ends before the last byte.
    """
    version = _version(part, address)
    if not version and not official.checksum:
        # Nothing could tell whether old and new bytes belong to the same file.
        file.truncate(0)
    with request(address, _size(file), version) as response:
        if official.size is not None and response.total not in (None, official.size):
            raise TransferError(
                f"{response.total:,} bytes are offered, the official file has {official.size:,}",
                permanent=True,
            )
        if response.first == 0:
            # The server sends the whole file, not the rest of it.
            file.truncate(0)
        note = json.dumps({"address": address, "version": response.version})
        _note(part).write_text(note, encoding="utf-8")
        for block in response.blocks:
            file.write(block)
            if progress:
                progress(_size(file), response.total)
        if response.total is not None and _size(file) != response.total:
            raise TransferError(
                f"the connection ended after {_size(file):,} of {response.total:,} bytes"
            )


def _lock(file: IO[bytes], part: Path) -> None:
    """Keep other processes from appending to the same partial file."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DatasetError(
            f"{part}: another process is downloading it; wait until it has finished"
        ) from None
    except OSError:
        # A file system without locks. If two processes mix their bytes, the checksum differs.
        return


def _size(file: IO[bytes]) -> int:
    """Bytes written to a file so far."""
    file.flush()
    return os.fstat(file.fileno()).st_size


def _note(part: Path) -> Path:
    """The file beside a partial file that records where it came from."""
    return part.with_name(f"{part.name}.json")


def _version(part: Path, address: str) -> str:
    """Version of the file that the partial file was downloaded from; empty if unknown.

    It is known only if the partial file came from the same address.
    """
    try:
        text = _note(part).read_text(encoding="utf-8")
        note = json.loads(text)
        if note["address"] != address:
            return ""
        return str(note["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
