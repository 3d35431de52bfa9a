"""Reads an array of an .npz archive in blocks, which needs little memory; never unpickles anything.

``numpy.load`` would read the whole array at once.
"""

import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from facsimile.datasets._binary import read_exactly
from facsimile.datasets.base.file import DatasetError

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

# Bytes of an array in Fortran order that may be read at once, as its rows cannot be read one after
# the other. The factors of dSprites, which are in that order, have 2**25.
_MAX_FORTRAN_BYTES = 2**26
_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def stream(
    path: Path,
    member: str,
    dtype: npt.DTypeLike,
    shape: Shape,
    rows: int,
) -> Iterator[Array]:
    """Yield the array ``member`` in blocks of ``rows`` rows; it must have this type and shape.

    The archive's CRC is compared at the end. Raises DatasetError that names the file if it is
    missing or truncated, is not an archive, or its array has another type or shape.
    """
    dtype = np.dtype(dtype)
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{member}.npy") as file:
            fortran_order = _check_header(file, dtype, shape, f"{path}: the array {member}")
            if fortran_order:
                array = _read(file, dtype, shape[::-1]).T
                for first in range(0, shape[0], rows):
                    yield array[first : first + rows]
            else:
                for first in range(0, shape[0], rows):
                    count = min(rows, shape[0] - first)
                    yield _read(file, dtype, (count, *shape[1:]))
            # Reading to the end also makes zipfile compare the CRC.
            if file.read(1):
                raise ValueError(f"the array {member} goes on after its last row")
    except FileNotFoundError:
        raise DatasetError(f"{path}: there is no such file") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{path}: truncated, altered or not the official archive ({error}); download it again"
        ) from None


def _check_header(
    file: IO[bytes],
    dtype: np.dtype[Any],
    shape: Shape,
    what: str,
) -> bool:
    """Read the header of an array, and return whether it is in Fortran order.

    Raises DatasetError for another type or shape.
    """
    version = np.lib.format.read_magic(file)
    if version not in _HEADER_READERS:
        raise ValueError(f"unknown version {version} of the .npy format")
    actual_shape, fortran_order, actual_dtype = _HEADER_READERS[version](file)
    if (actual_shape, actual_dtype) != (shape, dtype):
        raise DatasetError(
            f"{what} is {actual_dtype} {list(actual_shape)}, "
            f"the official one is {dtype} {list(shape)}"
        )
    size = math.prod(shape) * dtype.itemsize
    if fortran_order and size > _MAX_FORTRAN_BYTES:
        raise DatasetError(f"{what} is in Fortran order and too large to be read at once")
    return fortran_order


def _read(file: IO[bytes], dtype: np.dtype[Any], shape: Shape) -> Array:
    data = read_exactly(file, math.prod(shape) * dtype.itemsize)
    return np.frombuffer(data, dtype).reshape(shape)
