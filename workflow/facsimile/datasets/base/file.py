"""``<dataset>.h5``: the rows of a data set and the facts about it, written whole and checked whenever it is read."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from facsimile.foundation import canonical, hdf5

Rows = npt.NDArray[np.uint8]
Progress = Callable[[int, int], None]
CHUNK_BYTES = (
    2**19
)  # 1,024 packed images of dSprites; chunks from 2**17 to 2**23 bytes read equally fast


AGAIN = "remove the file, it will be made again"


class DatasetError(RuntimeError):
    """A data set's file, or its source, is missing, truncated, altered or another one; the message names it and a remedy."""


def write(
    path: Path,
    shape: tuple[int, ...],
    blocks: Iterable[Rows],
    facts: Mapping[str, str],
    progress: Progress | None = None,
) -> None:
    """Write rows, uint8 of ``shape``, that come in blocks, and facts as attributes.

    ``progress`` is called with (rows done, rows in all). The checksum is of facts and rows, not of the file: another
    version of HDF5 may lay the same data out differently.
    """
    checksum = _begin(facts, shape)
    rows = min(shape[0], max(1, CHUNK_BYTES // int(np.prod(shape[1:]))))
    # The format of HDF5 1.10 carries checksums of its own structure; older ones can be altered without anybody noticing.
    with hdf5.writing(path, libver="v110") as file:
        stored = file.create_dataset(
            "rows",
            shape,
            np.uint8,
            chunks=(rows, *shape[1:]),
            compression="gzip",
            compression_opts=4,
        )
        done = 0
        for block in blocks:
            stored[done : done + len(block)] = block
            checksum.update(np.ascontiguousarray(block).data)
            done += len(block)
            if progress:
                progress(done, shape[0])
        if done != shape[0]:
            raise DatasetError(
                f"{path}: {done} images were made, the data set has {shape[0]}; nothing was written"
            )
        file.attrs.update({**facts, "sha256": checksum.hexdigest()})


def read(path: Path) -> tuple[Rows, dict[str, str]]:
    """All rows and facts of a file; raises DatasetError if it is absent, truncated, altered or no such file."""
    with reading(path) as file:
        facts = {key: str(value) for key, value in file.attrs.items()}
        rows = np.empty(file["rows"].shape, np.uint8)
        file["rows"].read_direct(rows)
        stated = facts.pop("sha256")
    checksum = _begin(facts, rows.shape)
    checksum.update(rows.data)
    same(path, checksum, stated)
    return rows, facts


@contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """A data set's file to read; raises DatasetError if it is absent, truncated or no such file."""
    try:
        # A finished file never changes, so it needs no lock, which some network file systems refuse.
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except FileNotFoundError:
        raise DatasetError(
            f"{path}: there is no such file; make it first, or open it with facsimile.dataset(name, path)"
        ) from None
    except hdf5.DAMAGE as error:
        raise DatasetError(f"{path}: truncated or no data set's file ({error}); {AGAIN}") from None


def same(path: Path, checksum: "hashlib._Hash", stated: str) -> None:
    """Raise DatasetError unless a file's contents have the checksum that it states."""
    if checksum.hexdigest() != stated:
        raise DatasetError(f"{path}: altered since it was written (checksum differs); {AGAIN}")


def of(name: str, identity: Mapping[str, str], facts: Mapping[str, str], path: Path) -> None:
    """Raise DatasetError unless a file's facts are those by which the data set of this name knows its own."""
    for key, ours in identity.items():
        if facts.get(key) != ours:
            raise DatasetError(
                f"{path}: not a file of the data set {name} (its {key} is {facts.get(key)}, not {ours}); {AGAIN}"
            )


def _begin(facts: Mapping[str, str], shape: tuple[int, ...]) -> "hashlib._Hash":
    return hashlib.sha256(canonical.dumps([dict(facts), list(shape)]).encode())
