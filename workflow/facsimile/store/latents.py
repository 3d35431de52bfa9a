"""``latents.h5``: what a trained model infers for every image of its data set, in their order."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from facsimile.foundation import hdf5
from facsimile.store import files, records
from facsimile.store.files import StoreError, run_key

Array = npt.NDArray[np.float32]
CHUNK_BYTES = 2**20
NAMES = ("mean", "log_variance")
STORED_DTYPES = (np.dtype("float32"), np.dtype("float16"))


def write(
    path: Path,
    shape: tuple[int, int],
    blocks: Iterator[tuple[Array, Array]],
    about: dict[str, Any],
    stored: str = "float32",
) -> str:
    """Write posterior means and log-variances, both [n, d]; returns their checksum.

    ``shape`` is (n, d). ``blocks`` yields (means, log-variances) of consecutive rows, float32;
    they are written as they come. ``about`` is stored as attributes of the file.

    ``stored`` is ``float32`` or ``float16``, which halves the file and rounds each value to 11
    bits. Raises ValueError for a value that float16 cannot hold; no infinity is stored.

    Chunks are whole rows of about 1 MiB: all of it is read as fast as from a contiguous file.
    """
    rows, width = shape
    dtype = np.dtype(stored)
    rows_per_chunk = max(1, CHUNK_BYTES // (dtype.itemsize * width))
    chunk = (min(rows, rows_per_chunk), width)
    hashes = {name: hashlib.sha256() for name in NAMES}
    with hdf5.writing(path) as file:
        arrays = {}
        for name in NAMES:
            arrays[name] = file.create_dataset(name, shape, dtype, chunks=chunk)
        row = 0
        for block in blocks:
            for name, values in zip(NAMES, block, strict=True):
                converted = _converted(dtype, values, f"{path}: {name}")
                arrays[name][row : row + len(converted)] = converted
                hashes[name].update(converted.tobytes())
            row += len(block[0])
        if row != rows:
            raise ValueError(f"{path}: {row} rows were encoded, the data set has {rows}")
        checksum = _joint_checksum(hashes)
        attributes = about | {"stored": stored, "sha256": checksum}
        set_attributes(file, attributes)
    return checksum


def set_attributes(file: h5py.File, values: Mapping[str, Any]) -> None:
    """Store values as attributes of a file; what HDF5 has no type for is stored as JSON."""
    for name, value in values.items():
        is_plain = isinstance(value, str | int | float)
        file.attrs[name] = value if is_plain else json.dumps(value)


def read(path: Path, name: str = "mean") -> Array:
    """Read ``mean`` or ``log_variance``, checked as in ``posteriors``."""
    return posteriors(path)[name]


def posteriors(path: Path) -> dict[str, Array]:
    """Read ``mean`` and ``log_variance``, float32 [n, d], whichever type they are stored in.

    Raises StoreError, which names the file, if it is truncated or altered.
    """
    try:
        with h5py.File(path, "r") as file:
            size = path.stat().st_size
            stored = {name: _checked_array(file, name, size) for name in NAMES}
            checksum = file.attrs["sha256"]
    except hdf5.DAMAGE as error:
        raise StoreError(
            f"{path}: truncated or not a latents file ({error}); {remedy(path)}"
        ) from None
    # The checksum is of the values as stored, before they are converted to float32.
    hashes = {name: hashlib.sha256(values.tobytes()) for name, values in stored.items()}
    if _joint_checksum(hashes) != checksum:
        raise StoreError(f"{path}: altered since it was written (checksum differs); {remedy(path)}")
    return {name: values.astype(np.float32, copy=False) for name, values in stored.items()}


def remedy(path: Path) -> str:
    """What to do about an unusable latents file; its run is not trained again."""
    return f"encode it again: facsimile forget --latents {run_key(path.parent)}, then snakemake"


def attributes(path: Path) -> dict[str, Any]:
    """The attributes of a latents file; raises StoreError if it is missing or unreadable."""
    values = attributes_or_none(path)
    if values is None:
        raise StoreError(f"{path}: missing or unreadable; {remedy(path)}")
    return values


def attributes_or_none(path: Path) -> dict[str, Any] | None:
    """The attributes of a latents file, None if it is missing or unreadable; reads no array."""
    try:
        with h5py.File(path, "r") as file:
            values = dict(file.attrs.items())
    except hdf5.DAMAGE:
        return None
    return {name: value for name, value in values.items() if isinstance(value, str | np.number)}


def is_encoded(folder: Path) -> bool:
    """Whether a run's folder has latents, and they come from the weights in its record."""
    encoded = attributes_or_none(folder / files.LATENTS)
    record = records.record(folder)
    if encoded is None or record is None:
        return False
    return encoded.get("weights_sha256") == record.get("weights_sha256")


def _checked_array(file: h5py.File, name: str, size: int) -> npt.NDArray[Any]:
    """Read one array, float32 or float16 [n, d]; raises ValueError if it is anything else."""
    values = hdf5.array(file, name, size)
    if values.dtype not in STORED_DTYPES or values.ndim != 2:
        raise ValueError(f"{name} is {values.dtype} {list(values.shape)}")
    return values


def _converted(dtype: np.dtype[Any], values: Array, name: str) -> npt.NDArray[Any]:
    limit = float(np.finfo(dtype).max)
    largest = float(np.abs(values).max(initial=0))
    if largest > limit:
        raise ValueError(
            f"{name} reaches {largest:.6g}, float16 holds {limit:.6g}; set stored_latents: float32"
        )
    return np.ascontiguousarray(values, dtype)


def _joint_checksum(hashes: dict[str, Any]) -> str:
    digests = "".join(hashes[name].hexdigest() for name in NAMES)
    return hashlib.sha256(digests.encode()).hexdigest()
