"""Reads the binary matrices of NORB.

A file has a magic number for the type, the number of dimensions, their sizes (at least three), then
the values. Numbers are little endian, and the last index varies fastest. The format is described at
https://cs.nyu.edu/~ylclab/data/norb-v1.0-small.
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from facsimile.datasets._binary import read_exactly, reading
from facsimile.datasets.base.file import DatasetError

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

# Magic number -> type. Small NORB has no other types than byte and integer.
TYPES: dict[int, np.dtype[Any]] = {
    0x1E3D4C55: np.dtype("u1"),
    0x1E3D4C54: np.dtype("<i4"),
}


def stream(
    path: Path,
    dtype: npt.DTypeLike,
    shape: Shape,
    rows: int,
) -> Iterator[Array]:
    """Yield a matrix in blocks of ``rows`` rows; it must have this type and shape.

    The file may be gzipped. Raises DatasetError that names the file if it is missing or truncated,
    is not a matrix, or has another type or shape.
    """
    with reading(path, "a matrix of NORB") as file:
        actual_dtype, actual_shape = _header(file)
        if (actual_dtype, actual_shape) != (np.dtype(dtype), shape):
            raise DatasetError(
                f"{path}: the matrix is {actual_dtype} {list(actual_shape)}, "
                f"the official one is {np.dtype(dtype)} {list(shape)}; download it again"
            )
        for first in range(0, shape[0], rows):
            count = min(rows, shape[0] - first)
            yield _read(file, actual_dtype, (count, *shape[1:]))
        # Reading to the end also makes gzip compare the CRC.
        if file.read(1):
            raise ValueError("it goes on after its last row")


def _header(file: IO[bytes]) -> tuple[np.dtype[Any], Shape]:
    """Type and shape of the matrix; raises ValueError for another format."""
    magic, dimensions = struct.unpack("<ii", file.read(8))
    if magic not in TYPES:
        raise ValueError(f"its magic number is {magic:#x}")
    if not 1 <= dimensions <= 8:
        raise ValueError(f"it claims to have {dimensions} dimensions")
    # A vector has three sizes, too, of which the last two are 1.
    sizes = max(3, dimensions)
    shape = struct.unpack(f"<{sizes}i", file.read(4 * sizes))
    return TYPES[magic], shape[:dimensions]


def _read(file: IO[bytes], dtype: np.dtype[Any], shape: Shape) -> Array:
    data = read_exactly(file, math.prod(shape) * dtype.itemsize)
    return np.frombuffer(data, dtype).reshape(shape)
