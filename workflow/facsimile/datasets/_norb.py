"""The binary matrices of NORB: a magic number, the number of dimensions, their sizes (at least three), then the values.

The format is described at https://cs.nyu.edu/~ylclab/data/norb-v1.0-small: little endian, the last index varies fastest.
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from facsimile.datasets._binary import reading
from facsimile.datasets.base.file import DatasetError

TYPES: dict[int, np.dtype[Any]] = {
    0x1E3D4C55: np.dtype("u1"),
    0x1E3D4C54: np.dtype("<i4"),
}  # byte and integer; small NORB has no other


def stream(
    path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...], rows: int
) -> Iterator[npt.NDArray[Any]]:
    """Blocks of ``rows`` rows of a matrix, which must have this type and shape, from a file that is gzipped or not.

    Raises DatasetError that names the file, for no such matrix, another one, or a truncated one.
    """
    with reading(path, "matrix of NORB") as file:
        found, stored = _header(file)
        if (found, stored) != (np.dtype(dtype), shape):
            raise DatasetError(
                f"{path}: the matrix is {found} {list(stored)}, the official one is {np.dtype(dtype)} {list(shape)}; "
                "download it again"
            )
        for first in range(0, shape[0], rows):
            yield _rows(file, found, (min(rows, shape[0] - first), *shape[1:]))
        if file.read(1):  # reading to the end is also what makes gzip compare the CRC
            raise ValueError("it goes on after its last row")


def _header(file: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic, dimensions = struct.unpack("<ii", file.read(8))
    if magic not in TYPES:
        raise ValueError(f"its magic number is {magic:#x}")
    if not 1 <= dimensions <= 8:
        raise ValueError(f"it says that it has {dimensions} dimensions")
    stored = max(3, dimensions)
    return TYPES[magic], struct.unpack(f"<{stored}i", file.read(4 * stored))[:dimensions]


def _rows(file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    wanted = math.prod(shape) * dtype.itemsize
    data = file.read(wanted)
    if len(data) != wanted:
        raise EOFError("it ends too early")
    return np.frombuffer(data, dtype).reshape(shape)
