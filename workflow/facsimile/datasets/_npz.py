"""Reads one array of an .npz archive in blocks, so that memory stays small, and never unpickles anything."""

import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.file import DatasetError

_WHOLE = (
    2**26
)  # bytes of an array that are read at once if it lies column after column: the factors of dSprites have 2**25
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def stream(
    path: Path, member: str, dtype: npt.DTypeLike, shape: tuple[int, ...], rows: int
) -> Iterator[npt.NDArray[Any]]:
    """Blocks of ``rows`` rows of the array ``member``, which must have this dtype and shape; the archive's CRC is checked.

    Raises DatasetError that names the file, for no archive, a truncated one, or an array other than was expected.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{member}.npy") as file:
            if _column_major(file, np.dtype(dtype), shape, f"{path}: the array {member}"):
                whole = _read(file, np.dtype(dtype), shape[::-1]).T
                yield from (whole[first : first + rows] for first in range(0, shape[0], rows))
            else:
                for first in range(0, shape[0], rows):
                    yield _read(file, np.dtype(dtype), (min(rows, shape[0] - first), *shape[1:]))
            if file.read(1):  # reading to the end is also what makes zipfile compare the CRC
                raise ValueError(f"the array {member} goes on after its last row")
    except FileNotFoundError:
        raise DatasetError(f"{path}: there is no such file") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{path}: truncated, altered or no such archive ({error}); download it again"
        ) from None


def _column_major(file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...], what: str) -> bool:
    """Read the header, which must state this dtype and shape; whether the array lies column after column."""
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"unknown version {version} of the .npy format")
    stored, column_major, kind = _HEADERS[version](file)
    if (stored, kind) != (shape, dtype):
        raise DatasetError(
            f"{what} is {kind} {list(stored)}, the official one is {dtype} {list(shape)}"
        )
    if column_major and math.prod(shape) * dtype.itemsize > _WHOLE:
        raise DatasetError(f"{what} lies column after column and is too large to be read so")
    return column_major


def _read(file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    wanted = math.prod(shape) * dtype.itemsize
    data = file.read(wanted)
    if len(data) != wanted:
        raise EOFError("it ends too early")
    return np.frombuffer(data, dtype).reshape(shape)
