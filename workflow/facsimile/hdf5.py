"""HDF5 files that are written whole or not at all, and read as data that anybody may have written."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from facsimile import atomic

# What h5py raises for damaged files.
DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)


@contextmanager
def writing(path: Path) -> Iterator[h5py.File]:
    """A file to write, put together in memory and written at once when the block ends.

    On a full disk HDF5 itself ends in a crash; a file of ours that cannot be written is an OSError.
    """
    whole = io.BytesIO()
    with h5py.File(whole, "w") as file:
        yield file
    with atomic.replacing(path) as temporary:
        temporary.write_bytes(whole.getbuffer())


def array(file: h5py.File, name: str, size: int) -> npt.NDArray[Any]:
    """An array of numbers that lies in this file, of ``size`` bytes, and claims no more of them, as we compress nothing.

    Raises ValueError for anything else: a link could make us read any other file, a claim allocate any amount.
    """
    if not isinstance(file.get(name, getlink=True), h5py.HardLink) or not isinstance(found := file[name], h5py.Dataset):
        raise ValueError(f"{name} is no array of this file")
    if found.is_virtual or found.external:
        raise ValueError(f"{name} keeps its values in another file")
    if found.shape is None or found.dtype.kind not in "fiub":
        raise ValueError(f"{name} is {found.dtype}, no numbers")
    if found.nbytes > size:
        raise ValueError(f"{name} claims {found.nbytes:,} bytes, the file has {size:,}")
    return np.asarray(found[()])
