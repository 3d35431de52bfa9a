"""Open a data set for the sub-grid that a run uses, and read no more of its file than that."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from facsimile import datasets
from facsimile.datasets import Arrays, Stored
from facsimile.datasets.base import file
from facsimile.datasets.base.file import Facts, Rows
from facsimile.datasets.base.on_disk import OnDisk
from facsimile.foundation import discover

# Of the chunks of a file. Above, the whole file is read, and its checksum compared.
LARGEST_PART = 0.5


def dataset(name: str, path: Path, strides: Mapping[str, int]) -> Stored | Arrays:
    """Open a data set of which only the sub-grid with these strides will be used.

    The result is the data set itself, and its ``subgrid(strides)`` is the part to use; rows outside
    it may be zero. Reading 45 of the 720 chunks of dSprites takes 0.1 s instead of 1.5 s.

    HDF5 compares a checksum of each chunk that is read (zlib's). The checksum of the whole file is
    compared only if the whole file is read.

    Raises UnknownName for an unknown name, and DatasetError if the file is truncated,
    altered or of another data set.
    """
    data_class: Any = discover.load_class("datasets", name, datasets.DataFile)
    is_in_memory = issubclass(data_class, Stored) and not issubclass(data_class, OnDisk)
    if not is_in_memory or not path.exists():
        return datasets.dataset(name, path)
    needed = _rows(data_class, strides)
    part = _read(path, needed, int(np.prod(data_class.factor_sizes)))
    if part is None:
        return datasets.dataset(name, path)
    rows, facts = part
    file.check_identity(name, data_class._identity(), facts, path)
    opened: Stored = data_class(rows, facts)
    return opened


def _rows(data_class: type[Stored], strides: Mapping[str, int]) -> npt.NDArray[np.int64]:
    """Numbers of the rows of a sub-grid, ascending."""
    sizes = data_class.factor_sizes
    numbers = np.arange(int(np.prod(sizes))).reshape(sizes)
    steps = [strides.get(factor, 1) for factor in data_class.factor_names]
    kept = tuple(slice(None, None, step) for step in steps)
    return numbers[kept].ravel()


def _read(
    path: Path,
    needed: npt.NDArray[np.int64],
    grid: int,
) -> tuple[Rows, Facts] | None:
    """Read the chunks that hold the needed rows; None if these are most of the file.

    ``grid``: number of rows of the whole grid.
    """
    with file.reading(path) as opened:
        stored: h5py.Dataset = opened["rows"]
        length = stored.chunks[0] if stored.chunks else 1
        # Rows after the grid hold what all images share, such as a background.
        needed = np.append(needed, np.arange(grid, len(stored)))
        chunks = np.unique(needed // length)
        if len(chunks) > LARGEST_PART * len(stored) / length:
            return None
        facts = file.attributes(opened)
        del facts["sha256"]
        # The system provides memory for a page only when something is written to it.
        rows = np.zeros(stored.shape, np.uint8)
        for chunk in chunks:
            first = int(chunk) * length
            part = np.s_[first : min(first + length, len(stored))]
            stored.read_direct(rows, part, part)
    return rows, facts
