"""Reads and writes ``<dataset>.h5``: the rows of a data set, and facts about it as attributes.

A file is written whole or not at all, and its checksum is compared whenever it is read.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from facsimile.foundation import canonical, hdf5

Rows = npt.NDArray[np.uint8]
Facts = dict[str, str]
Progress = Callable[[int, int], None]

# 1,024 packed images of dSprites. Chunks from 2**17 to 2**23 bytes read equally fast.
CHUNK_BYTES = 2**19
REMEDY = "remove the file, it will be made again"


class DatasetError(RuntimeError):
    """A data set's file, or an official file it is made from, cannot be used.

    It is missing, truncated, altered or of another data set. The message names the file and says
    what to do.
    """


def write(
    path: Path,
    shape: tuple[int, ...],
    blocks: Iterable[Rows],
    facts: Facts,
    progress: Progress | None = None,
) -> None:
    """Write the rows of a data set, and facts about it as attributes.

    ``shape``: shape of all rows together. ``blocks``: the rows in order, uint8, in blocks of any
    length. ``progress`` is called with (rows written, rows in total).

    Raises DatasetError if the blocks have fewer rows than ``shape`` says; nothing is written then.
    """
    # The checksum is of facts and rows, not of the bytes of the file: another version of HDF5 may
    # lay out the same data differently.
    checksum = _checksum_of_header(facts, shape)
    row_bytes = int(np.prod(shape[1:]))
    chunk_rows = min(shape[0], max(1, CHUNK_BYTES // row_bytes))
    # The format of HDF5 1.10 has checksums of its own structure; in older formats, alterations of
    # the structure can go unnoticed.
    with hdf5.writing(path, libver="v110") as file:
        rows = file.create_dataset(
            "rows",
            shape,
            np.uint8,
            chunks=(chunk_rows, *shape[1:]),
            compression="gzip",
            compression_opts=4,
        )
        done = 0
        for block in blocks:
            end = done + len(block)
            rows[done:end] = block
            checksum.update(np.ascontiguousarray(block).data)
            done = end
            if progress:
                progress(done, shape[0])
        check_count(path, done, shape[0])
        file.attrs.update({**facts, "sha256": checksum.hexdigest()})


def read(path: Path) -> tuple[Rows, Facts]:
    """Read all rows and facts of a file.

    Raises DatasetError if the file is missing, truncated, altered or not a data set's file.
    """
    with reading(path) as file:
        facts = attributes(file)
        stored = file["rows"]
        rows = np.empty(stored.shape, np.uint8)
        stored.read_direct(rows)
        recorded = facts.pop("sha256")
    checksum = _checksum_of_header(facts, rows.shape)
    checksum.update(rows.data)
    check_checksum(path, checksum, recorded)
    return rows, facts


@contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """Open a data set's file for reading.

    Raises DatasetError if the file is missing, truncated or not a data set's file; also for errors
    inside the ``with`` block that a damaged file can cause.
    """
    try:
        # A finished file never changes, so it needs no lock. Some network file systems refuse one.
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except FileNotFoundError:
        raise DatasetError(
            f"{path}: there is no such file; make it first, "
            "or open it with facsimile.dataset(name, path)"
        ) from None
    except hdf5.DAMAGE as error:
        raise DatasetError(
            f"{path}: truncated or not a data set's file ({error}); {REMEDY}"
        ) from None


def attributes(file: h5py.File) -> Facts:
    """All attributes of an open file, as strings."""
    return {key: str(value) for key, value in file.attrs.items()}


def check_count(path: Path, done: int, total: int) -> None:
    """Raise DatasetError unless as many images were made as the data set has."""
    if done != total:
        raise DatasetError(
            f"{path}: {done} images were made, the data set has {total}; nothing was written"
        )


def check_checksum(path: Path, checksum: "hashlib._Hash", recorded: str) -> None:
    """Raise DatasetError unless a file's contents have the checksum recorded in the file."""
    if checksum.hexdigest() != recorded:
        raise DatasetError(f"{path}: altered since it was written (checksum differs); {REMEDY}")


def check_identity(
    name: str,
    identity: Facts,
    facts: Facts,
    path: Path,
) -> None:
    """Raise DatasetError unless a file's facts contain the ``identity`` of the named data set."""
    for key, expected in identity.items():
        if facts.get(key) != expected:
            raise DatasetError(
                f"{path}: not a file of the data set {name} "
                f"(its {key} is {facts.get(key)}, not {expected}); {REMEDY}"
            )


def _checksum_of_header(facts: Facts, shape: tuple[int, ...]) -> "hashlib._Hash":
    """A checksum to which the rows are still to be added."""
    header = canonical.dumps([facts, list(shape)])
    return hashlib.sha256(header.encode())
