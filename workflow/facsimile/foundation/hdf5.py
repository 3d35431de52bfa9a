"""HDF5 files that are written whole or not at all, and read as data that anybody may have written."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from facsimile.foundation import atomic

# What h5py raises for damaged files.
DAMAGE = (
    OSError,
    KeyError,
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
)


class _Patient(io.FileIO):
    """A file whose failed writes are remembered and not raised, as HDF5 ends in a crash over them: on a full disk, say."""

    failed: OSError | None = None

    def write(self, data: Any) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        with self._patience():
            while left:
                left = left[super().write(left) :]
        return size

    def truncate(self, size: int | None = None) -> int:
        with self._patience():
            super().truncate(size)
        return size or 0

    def flush(self) -> None:
        """Nothing is held back."""

    @contextmanager
    def _patience(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failed = self.failed or error


@contextmanager
def writing(path: Path, **settings: Any) -> Iterator[h5py.File]:
    """A file to write, that takes its place when the block ends; ``settings`` are h5py's.

    What cannot be written is an OSError then, at the block's end, and nothing is left of it.
    """
    with atomic.replacing(path) as temporary:
        with _Patient(temporary, "w+") as raw, h5py.File(raw, "w", **settings) as file:
            yield file
        if raw.failed:
            raise raw.failed


def array(file: h5py.File, name: str, size: int) -> npt.NDArray[Any]:
    """An array of numbers that lies in this file and claims no more than ``size`` bytes: the file's, or, of what we compress,
    those that are wanted.

    Raises ValueError for anything else: a link could make us read any other file, a claim allocate any amount.
    """
    if not isinstance(file.get(name, getlink=True), h5py.HardLink) or not isinstance(
        found := file[name], h5py.Dataset
    ):
        raise ValueError(f"{name} is no array of this file")
    if found.is_virtual or found.external:
        raise ValueError(f"{name} keeps its values in another file")
    if found.shape is None or found.dtype.kind not in "fiub":
        raise ValueError(f"{name} is {found.dtype}, no numbers")
    if found.nbytes > size:
        raise ValueError(f"{name} claims {found.nbytes:,} bytes, there can be {size:,}")
    return np.asarray(found[()])
