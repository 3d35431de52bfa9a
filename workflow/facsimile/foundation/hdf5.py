"""HDF5 files: written atomically, and read without trusting their content."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from facsimile.foundation import atomic

# What h5py raises for corrupt files.
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
# Kinds of NumPy types that are numbers: float, signed and unsigned integer, boolean.
NUMBERS = "fiub"


# Registered filters (github.com/HDFGroup/hdf5_plugins) and those of HDF5, by their numbers.
FILTERS = {
    1: "gzip",
    4: "szip",
    5: "nbit",
    6: "scaleoffset",
    305: "lzo",
    307: "bzip2",
    32000: "lzf",
    32001: "blosc",
    32004: "lz4",
    32008: "bitshuffle",
    32013: "zfp",
    32015: "zstd",
    32017: "sz",
    32018: "fcidecomp",
    32019: "jpeg",
    32024: "sz3",
    32026: "blosc2",
}


class _DeferredErrors(io.FileIO):
    """A file that stores the first failed write in ``failed`` and does not raise it.

    HDF5 crashes the process if a write raises, for example on a full disk.
    """

    failed: OSError | None = None

    def write(self, data: Any) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        with self._deferred():
            # The system may write only a part of the data at once.
            while left:
                left = left[super().write(left) :]
        return size

    def truncate(self, size: int | None = None) -> int:
        with self._deferred():
            super().truncate(size)
        return size or 0

    def flush(self) -> None:
        """Do nothing: the file has no buffer."""

    @contextmanager
    def _deferred(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failed = self.failed or error


@contextmanager
def writing(path: Path, **settings: Any) -> Iterator[h5py.File]:
    """Yield an HDF5 file that replaces ``path`` when the block ends; ``settings`` go to h5py.

    If something could not be written, raises OSError at the end of the block and leaves no file.
    """
    with atomic.replacing(path) as temporary:
        with _DeferredErrors(temporary, "w+") as raw, h5py.File(raw, "w", **settings) as file:
            yield file
        if raw.failed:
            raise raw.failed


def array(
    file: h5py.File,
    name: str,
    size: int,
) -> npt.NDArray[Any]:
    """Read a numeric array that is stored in ``file``.

    ``size`` is the most bytes that it may occupy: the size of the file, or the expected size if
    the array is compressed.

    Raises ValueError for anything else: a link could make us read any other file, and a declared
    shape could make us allocate any amount of memory.
    """
    # Soft and external links lead elsewhere, so look at the link before opening it.
    link = file.get(name, getlink=True)
    is_stored_here = isinstance(link, h5py.HardLink)
    dataset = file[name] if is_stored_here else None
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"{name} is not an array of this file")
    # The values of such arrays are in other files.
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{name} keeps its values in another file")
    if dataset.shape is None or dataset.dtype.kind not in NUMBERS:
        raise ValueError(f"{name} has type {dataset.dtype}, which is not numeric")
    obstacle = missing_filter(dataset)
    if obstacle:
        raise ValueError(f"{name} {obstacle}")
    if dataset.nbytes > size:
        raise ValueError(f"{name} claims {dataset.nbytes:,} bytes; at most {size:,} are possible")
    return np.asarray(dataset[()])


def unwritten(dataset: h5py.Dataset) -> str:
    """Why an array is not complete, as a clause; empty if all of it was written.

    HDF5 reads what was never written, by a job that stopped for example, as zeros.
    """
    if not dataset.size:
        return ""
    if dataset.chunks is None:
        return "" if dataset.id.get_storage_size() else "was created, but never written"
    pairs = zip(dataset.shape, dataset.chunks, strict=True)
    total = math.prod(math.ceil(length / chunk) for length, chunk in pairs)
    written = dataset.id.get_num_chunks()
    if written == total:
        return ""
    return f"was not written to its end: {written:,} of {total:,} chunks; write it again"


def missing_filter(dataset: h5py.Dataset) -> str:
    """Why an array cannot be decompressed here, as a clause; empty if it can.

    HDF5 reads third-party filters from plug-ins, and reports a missing one like a damaged file.
    """
    properties = dataset.id.get_create_plist()
    for i in range(properties.get_nfilters()):
        number, _, _, label = properties.get_filter(i)
        if not h5py.h5z.filter_avail(number):
            stored_name = label.decode(errors="replace") or "unknown"
            name = FILTERS.get(number, stored_name)
            return (
                f"is compressed by filter {number} ({name}), which h5py does not have here; "
                "save it with compression='gzip'"
            )
    return ""
