"""Base class of data sets of images that are too large for memory.

The rows stay in the file and are read from there, a batch at a time. The HDF5 file has

- ``rows`` [n, ...], contiguous and not compressed, so that reading a row is a single system call,
  served from the page cache that all processes of a machine share, and
- ``crc32`` [n], the checksum of each row, which is compared whenever the row is read.

The rows are not memory-mapped: mapped pages count as memory of the process, and schedulers kill
jobs by that number.
"""

import hashlib
import os
import weakref
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base import file as base_file
from facsimile.datasets.base.archived import Archived
from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.base.file import REMEDY, DatasetError, Facts, Progress, Rows
from facsimile.foundation import canonical, hdf5

Shape = tuple[int, ...]
Sums = npt.NDArray[np.uint32]


class OnDisk(Archived):
    """Images that are made from official files and stay on disk.

    Subclass it like ``Archived``; only the way in which the rows are kept differs. Opening such a
    data set reads four bytes per image, and a batch of 64 images about a megabyte.
    """

    _reader: "_Reader | None" = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the data set's file without reading its rows.

        Raises DatasetError if the file is missing, truncated or of another data set. An altered
        row is noticed when it is read: ``images`` raises DatasetError then.
        """
        reader, facts = _open(path)
        identity = cls._identity()
        base_file.check_identity(cls.name, identity, facts, path)
        # ``_images`` uses the reader instead of rows in memory.
        no_rows = np.empty((0, *reader.shape[1:]), np.uint8)
        data = cls(no_rows, facts)
        data._reader = reader
        return data

    @classmethod
    def _write(cls, path: Path, source: Path, progress: Progress) -> None:
        count = int(np.prod(cls.factor_sizes))
        row_shape = cls.row_shape or cls.image_shape
        facts = cls._identity() | cls.origin(source)
        _write(path, (count, *row_shape), cls.blocks(source), facts, progress)

    def _images(
        self,
        indices: Integers,
        rng: np.random.Generator | None,
    ) -> Images:
        if self._reader is None:
            return self.decode(self._rows[indices])
        return self.decode(self._reader.read(indices))


class _Reader:
    """Reads rows, uint8 of ``shape`` from byte ``offset`` of a file, and compares checksums."""

    def __init__(
        self,
        path: Path,
        offset: int,
        shape: Shape,
        sums: Sums,
    ) -> None:
        self.path = path
        self.offset = offset
        self.shape = shape
        self.sums = sums
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def read(self, indices: Integers) -> Rows:
        rows = np.empty((len(indices), *self.shape[1:]), np.uint8)
        row_bytes = rows[:1].nbytes
        for row, index in zip(rows, indices.tolist(), strict=True):
            # preadv and not seek and read: threads may share the file.
            position = self.offset + row_bytes * index
            os.preadv(self._file, [row], position)
            if zlib.crc32(row) != self.sums[index]:
                raise DatasetError(
                    f"{self.path}: image {index} was altered since it was written "
                    f"(checksum differs); {REMEDY}"
                )
        return rows


def _write(
    path: Path,
    shape: Shape,
    blocks: Iterable[Rows],
    facts: Facts,
    progress: Progress,
) -> None:
    """Write rows, uint8 of ``shape``, their checksums, and facts as attributes."""
    sums = np.empty(shape[0], np.uint32)
    with hdf5.writing(path, libver="v110") as file:
        rows = file.create_dataset("rows", shape, np.uint8)
        done = 0
        for block in blocks:
            end = done + len(block)
            rows[done:end] = block
            contiguous = np.ascontiguousarray(block)
            sums[done:end] = [zlib.crc32(row) for row in contiguous]
            done = end
            progress(done, shape[0])
        base_file.check_count(path, done, shape[0])
        file["crc32"] = sums
        checksum = _checksum(facts, shape, sums).hexdigest()
        file.attrs.update({**facts, "sha256": checksum})


def _open(path: Path) -> tuple[_Reader, Facts]:
    """A reader of a file's rows, and the facts of the file."""
    with base_file.reading(path) as file:
        facts = base_file.attributes(file)
        sums = file["crc32"][()]
        rows = file["rows"]
        offset = rows.id.get_offset()
        reader = _Reader(path, offset, rows.shape, sums)
        recorded = facts.pop("sha256")
    checksum = _checksum(facts, reader.shape, sums)
    base_file.check_checksum(path, checksum, recorded)
    return reader, facts


def _checksum(facts: Facts, shape: Shape, sums: Sums) -> "hashlib._Hash":
    """Checksum of the facts, the shape and the checksums of the rows."""
    header = canonical.dumps([facts, list(shape)])
    little_endian = sums.astype("<u4")
    return hashlib.sha256(header.encode() + little_endian.tobytes())
