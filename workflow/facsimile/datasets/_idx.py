"""The IDX files of MNIST: two zeros, the type, the number of dimensions, their sizes, then the values, big endian.

The format is described at http://yann.lecun.com/exdb/mnist; only bytes, type 8, occur there.
"""

import math
import struct
from pathlib import Path
from typing import IO

import numpy as np

from facsimile.datasets._binary import reading
from facsimile.datasets.base.file import DatasetError, Rows

BYTES = 8


def read(path: Path, shape: tuple[int, ...]) -> Rows:
    """The array of a file, gzipped or not, which must be of bytes and have this shape.

    Raises DatasetError that names the file, for no such array, another one, or a truncated one.
    """
    with reading(path, "IDX file") as file:
        stored = _header(file)
        if stored != shape:
            raise DatasetError(
                f"{path}: the array is {list(stored)}, the official one is {list(shape)}; download it again"
            )
        data = file.read(math.prod(shape))
        if len(data) != math.prod(shape):
            raise EOFError("it ends too early")
        if file.read(1):  # reading to the end is also what makes gzip compare the CRC
            raise ValueError("it goes on after its last value")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _header(file: IO[bytes]) -> tuple[int, ...]:
    zeros, kind, dimensions = struct.unpack(">HBB", file.read(4))
    if (zeros, kind) != (0, BYTES):
        raise ValueError(f"it begins with {zeros:#x}, type {kind}, not with 0, type {BYTES}")
    return struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
