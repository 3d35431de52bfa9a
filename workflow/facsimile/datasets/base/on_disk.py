"""A data set too large for memory: its rows stay in the file, and are read from there, a batch at a time.

Its HDF5 file has ``rows`` [n, ...], contiguous and not compressed, so that a row is one read, of what the operating system
keeps for all processes of a machine; and ``crc32`` [n], by which every row is checked whenever it is read. The rows are not
mapped: the pages of a mapping count as the process's own memory, by which schedulers kill jobs.
"""

import hashlib
import os
import weakref
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.archived import Archived
from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.base.file import AGAIN, DatasetError, Progress, Rows, of, reading, same
from facsimile.foundation import canonical, hdf5

Sums = npt.NDArray[np.uint32]


class OnDisk(Archived):
    """``Archived`` whose rows stay on disk: opening one reads four bytes an image, a batch of 64 about a megabyte."""

    _reader: "_Reader | None" = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a data set's file; raises DatasetError if it is absent, truncated, or another data set's.

        A row that was altered is found when it is read: ``images`` raises DatasetError.
        """
        reader, facts = _open(path)
        of(cls.name, cls._identity(), facts, path)
        opened = cls(np.empty((0, *reader.shape[1:]), np.uint8), facts)
        opened._reader = reader
        return opened

    @classmethod
    def _write(cls, path: Path, source: Path, progress: Progress) -> None:
        shape = (int(np.prod(cls.factor_sizes)), *(cls.row_shape or cls.image_shape))
        facts = cls._identity() | cls.origin(source)
        _write(path, shape, cls.blocks(source), facts, progress)

    def _images(self, indices: Integers, rng: np.random.Generator | None) -> Images:
        return self.decode(
            self._rows[indices] if self._reader is None else self._reader.read(indices)
        )


class _Reader:
    """Reads rows, uint8 of ``shape``, that lie in a file from ``offset`` on, and compares their checksums."""

    def __init__(self, path: Path, offset: int, shape: tuple[int, ...], sums: Sums) -> None:
        self.path, self.offset, self.shape, self.sums = path, offset, shape, sums
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def read(self, indices: Integers) -> Rows:
        rows = np.empty((len(indices), *self.shape[1:]), np.uint8)
        size = rows[:1].nbytes
        for row, index in zip(rows, indices.tolist(), strict=True):
            os.preadv(self._file, [row], self.offset + size * index)
            if zlib.crc32(row) != self.sums[index]:
                raise DatasetError(
                    f"{self.path}: image {index} was altered since it was written (checksum differs); {AGAIN}"
                )
        return rows


def _write(
    path: Path,
    shape: tuple[int, ...],
    blocks: Iterable[Rows],
    facts: Mapping[str, str],
    progress: Progress,
) -> None:
    """Write rows, uint8 of ``shape``, that come in blocks, their checksums, and facts as attributes."""
    sums = np.empty(shape[0], np.uint32)
    with hdf5.writing(path, libver="v110") as file:
        stored = file.create_dataset("rows", shape, np.uint8)
        done = 0
        for block in blocks:
            stored[done : done + len(block)] = block
            sums[done : done + len(block)] = [
                zlib.crc32(row) for row in np.ascontiguousarray(block)
            ]
            done += len(block)
            progress(done, shape[0])
        if done != shape[0]:
            raise DatasetError(
                f"{path}: {done} images were made, the data set has {shape[0]}; nothing was written"
            )
        file["crc32"] = sums
        file.attrs.update({**facts, "sha256": _checksum(facts, shape, sums).hexdigest()})


def _open(path: Path) -> tuple[_Reader, dict[str, str]]:
    """What reads the rows of a file, and its facts."""
    with reading(path) as file:
        facts = {key: str(value) for key, value in file.attrs.items()}
        sums = file["crc32"][()]
        reader = _Reader(path, file["rows"].id.get_offset(), file["rows"].shape, sums)
        stated = facts.pop("sha256")
    same(path, _checksum(facts, reader.shape, sums), stated)
    return reader, facts


def _checksum(facts: Mapping[str, str], shape: tuple[int, ...], sums: Sums) -> "hashlib._Hash":
    about = canonical.dumps([dict(facts), list(shape)]).encode()
    return hashlib.sha256(about + sums.astype("<u4").tobytes())
