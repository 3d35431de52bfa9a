"""``latents.h5``: what one trained model infers for every image of its data set, in the data set's order."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from facsimile.foundation import hdf5
from facsimile.store.files import StoreError, key

Array = npt.NDArray[np.float32]
CHUNK_BYTES = 2**20
NAMES = ("mean", "log_variance")
STORED = (np.dtype("float32"), np.dtype("float16"))


def write(
    path: Path,
    shape: tuple[int, int],
    blocks: Iterator[tuple[Array, Array]],
    about: dict[str, Any],
    stored: str = "float32",
) -> str:
    """Write posterior means and log-variances, both float32 [n, d], streamed in blocks of rows; answers their checksum.

    Chunks are about 1 MiB of whole rows: reading everything is as fast as a contiguous file. ``about`` is kept as attributes,
    and ``stored``, ``float32`` or ``float16``: numbers rounded to 11 bits in half the room. Raises ValueError for a number
    that float16 cannot hold, rather than store an infinity.
    """
    dtype = np.dtype(stored)
    chunk = (min(shape[0], max(1, CHUNK_BYTES // (dtype.itemsize * shape[1]))), shape[1])
    sums = {name: hashlib.sha256() for name in NAMES}
    with hdf5.writing(path) as file:
        sets = {name: file.create_dataset(name, shape, dtype, chunks=chunk) for name in NAMES}
        row = 0
        for block in blocks:
            for name, values in zip(NAMES, block, strict=True):
                kept = _as(dtype, values, f"{path}: {name}")
                sets[name][row : row + len(kept)] = kept
                sums[name].update(kept.tobytes())
            row += len(block[0])
        if row != shape[0]:
            raise ValueError(f"{path}: {row} rows were encoded, the data set has {shape[0]}")
        checksum = _join(sums)
        for key, value in (about | {"stored": stored, "sha256": checksum}).items():
            file.attrs[key] = value if isinstance(value, str | int | float) else json.dumps(value)
    return checksum


def read(path: Path, name: str = "mean") -> Array:
    """One of ``mean``, ``log_variance``, as ``both`` reads them."""
    return both(path)[name]


def both(path: Path) -> dict[str, Array]:
    """``mean``, then ``log_variance``, float32 [n, d] however stored; refuses a truncated or altered file by its name."""
    try:
        with h5py.File(path, "r") as file:
            values = {name: _whole(file, name, path.stat().st_size) for name in NAMES}
            checksum = file.attrs["sha256"]
    except hdf5.DAMAGE as error:
        raise StoreError(
            f"{path}: truncated or no latents file ({error}); {remedy(path)}"
        ) from None
    if _join({name: hashlib.sha256(value.tobytes()) for name, value in values.items()}) != checksum:
        raise StoreError(f"{path}: altered since it was written (checksum differs); {remedy(path)}")
    return {name: value.astype(np.float32, copy=False) for name, value in values.items()}


def remedy(path: Path) -> str:
    """What to do about a latents file that cannot be used: its run is not trained again."""
    return f"encode it again: facsimile forget --latents {key(path.parent)}, then snakemake"


def attributes(path: Path) -> dict[str, Any]:
    """As ``about``; raises StoreError, with a remedy, where it has none."""
    found = about(path)
    if found is None:
        raise StoreError(f"{path}: missing or unreadable; {remedy(path)}")
    return found


def about(path: Path) -> dict[str, Any] | None:
    """The attributes of a latents file, None if there is no readable one; reads no data."""
    try:
        with h5py.File(path, "r") as file:
            return {
                name: value
                for name, value in file.attrs.items()
                if isinstance(value, str | np.number)
            }
    except hdf5.DAMAGE:
        return None


def _whole(file: h5py.File, name: str, size: int) -> npt.NDArray[Any]:
    """One of our data sets: float numbers [n, d]."""
    found = hdf5.array(file, name, size)
    if found.dtype not in STORED or found.ndim != 2:
        raise ValueError(f"{name} is {found.dtype} {list(found.shape)}")
    return found


def _as(dtype: np.dtype[Any], values: Array, what: str) -> npt.NDArray[Any]:
    limit = float(np.finfo(dtype).max)
    if (largest := float(np.abs(values).max(initial=0))) > limit:
        raise ValueError(
            f"{what} reaches {largest:.6g}, float16 holds {limit:.6g}; set stored_latents: float32"
        )
    return np.ascontiguousarray(values, dtype)


def _join(sums: dict[str, Any]) -> str:
    return hashlib.sha256("".join(sums[name].hexdigest() for name in NAMES).encode()).hexdigest()
