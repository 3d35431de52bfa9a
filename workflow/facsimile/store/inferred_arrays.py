"""``latents.h5`` of a model that infers something else than a mean and a log-variance an image: arrays by name."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from facsimile.foundation import hdf5
from facsimile.store import latents
from facsimile.store.files import StoreError

Array = npt.NDArray[Any]


def write(path: Path, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> str:
    """Write arrays of numbers by name, none for a model that infers nothing; answers their checksum.

    ``about`` is kept as attributes, and ``arrays``, the names. Raises ValueError for a number that is not finite.
    """
    for name, values in arrays.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(
                f"{path}: {name} has numbers that are not finite; look at the run's history.parquet"
            )
    checksum = _checksum(arrays)
    with hdf5.writing(path) as file:
        for name, values in arrays.items():
            file.create_dataset(name, data=values)
        for name, value in {**about, "arrays": list(arrays), "sha256": checksum}.items():
            file.attrs[name] = value if isinstance(value, str | int | float) else json.dumps(value)
    return checksum


def names(about: Mapping[str, Any]) -> list[str] | None:
    """Names of the arrays, by the attributes of a latents file; None if it holds the latents of images."""
    return json.loads(about["arrays"]) if "arrays" in about else None


def read(path: Path) -> dict[str, Array]:
    """All arrays of a run by name; refuses a truncated or altered file by its name."""
    try:
        size = path.stat().st_size
        with h5py.File(path, "r") as file:
            arrays = {
                name: hdf5.array(file, name, size) for name in json.loads(file.attrs["arrays"])
            }
            stated = file.attrs["sha256"]
    except hdf5.DAMAGE as error:
        raise StoreError(
            f"{path}: truncated or no file of arrays ({error}); {latents.remedy(path)}"
        ) from None
    if _checksum(arrays) != stated:
        raise StoreError(
            f"{path}: altered since it was written (checksum differs); {latents.remedy(path)}"
        )
    return arrays


def whole(path: Path) -> Mapping[str, Array]:
    """All arrays of a latents file of either kind: these, or of images the ``mean`` and ``log_variance``."""
    return read(path) if names(latents.about(path) or {}) is not None else latents.both(path)


def _checksum(arrays: Mapping[str, Array]) -> str:
    checksum = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        checksum.update(f"{name} {values.dtype} {values.shape}".encode())
        checksum.update(values.tobytes())
    return checksum.hexdigest()
