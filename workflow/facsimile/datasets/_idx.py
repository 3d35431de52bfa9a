"""Reads the IDX files of MNIST.

A file has two zero bytes, the type, the number of dimensions, their sizes, then the values; numbers
are big endian. The format is described at http://yann.lecun.com/exdb/mnist. The files of MNIST have
only bytes, type 8.
"""

import math
import struct
from pathlib import Path
from typing import IO

import numpy as np

from facsimile.datasets._binary import read_exactly, reading
from facsimile.datasets.base.file import DatasetError, Rows

BYTES = 8


def read(path: Path, shape: tuple[int, ...]) -> Rows:
    """Read the array of a file, gzipped or not; it must have the type uint8 and this shape.

    Raises DatasetError that names the file if it is missing or truncated, is not an IDX file of
    bytes, or has another shape.
    """
    with reading(path, "an IDX file") as file:
        actual = _header(file)
        if actual != shape:
            raise DatasetError(
                f"{path}: the array is {list(actual)}, the official one is {list(shape)}; "
                "download it again"
            )
        data = read_exactly(file, math.prod(shape))
        # Reading to the end also makes gzip compare the CRC.
        if file.read(1):
            raise ValueError("it goes on after its last value")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _header(file: IO[bytes]) -> tuple[int, ...]:
    """Shape of the array; raises ValueError for another format or type."""
    zeros, kind, dimensions = struct.unpack(">HBB", file.read(4))
    if (zeros, kind) != (0, BYTES):
        raise ValueError(f"it begins with {zeros:#x}, type {kind}, not with 0, type {BYTES}")
    return struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
