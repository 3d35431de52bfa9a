"""``latents.h5`` of a model of arrays, which infers named arrays.

A model of images infers a mean and a log-variance per image instead (``latents.py``).
"""

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
    """Write named arrays of numbers, which may be none; returns their checksum.

    ``about`` and the names of the arrays are stored as attributes. Raises ValueError if a value
    is not finite.
    """
    for name, values in arrays.items():
        is_float = values.dtype.kind == "f"
        if is_float and not np.isfinite(values).all():
            raise ValueError(
                f"{path}: {name} has numbers that are not finite; look at the run's history.parquet"
            )
    checksum = _checksum(arrays)
    attributes = {**about, "arrays": list(arrays), "sha256": checksum}
    with hdf5.writing(path) as file:
        for name, values in arrays.items():
            file.create_dataset(name, data=values)
        latents.set_attributes(file, attributes)
    return checksum


def names(about: Mapping[str, Any]) -> list[str] | None:
    """Names of the arrays, from the attributes of a file; None if it holds latents of images."""
    return json.loads(about["arrays"]) if "arrays" in about else None


def read(path: Path) -> dict[str, Array]:
    """Read all arrays of a run by name; raises StoreError if the file is truncated or altered."""
    try:
        size = path.stat().st_size
        with h5py.File(path, "r") as file:
            array_names = json.loads(file.attrs["arrays"])
            arrays = {name: hdf5.array(file, name, size) for name in array_names}
            recorded_checksum = file.attrs["sha256"]
    except hdf5.DAMAGE as error:
        raise StoreError(
            f"{path}: truncated or no file of arrays ({error}); {latents.remedy(path)}"
        ) from None
    if _checksum(arrays) != recorded_checksum:
        raise StoreError(
            f"{path}: altered since it was written (checksum differs); {latents.remedy(path)}"
        )
    return arrays


def whole(path: Path) -> Mapping[str, Array]:
    """Read all arrays of a latents file of either kind.

    For a model of images these are ``mean`` and ``log_variance``.
    """
    attributes = latents.attributes_or_none(path) or {}
    if names(attributes) is None:
        # Latents of images. An unreadable file is refused there, too.
        return latents.posteriors(path)
    return read(path)


def _checksum(arrays: Mapping[str, Array]) -> str:
    # Sorted, so that the checksum does not depend on the order of the arrays.
    checksum = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        checksum.update(f"{name} {values.dtype} {values.shape}".encode())
        checksum.update(values.tobytes())
    return checksum.hexdigest()
