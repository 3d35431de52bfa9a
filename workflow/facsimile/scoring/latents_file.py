"""Reads a user's latents from FILE.npz or FILE.h5; errors are one line with the file and the array.

Arrays of a file:

- ``codes`` [N, d]
- ``factors`` [N, k], the index of each factor's value
- where metrics need them, ``log_variances`` [N, d], and ``peers`` and ``peers_log_variances``
  [p, N, d], of models that differ only in their seed.

The latents.h5 of a run can be read, too; its factors are those of its data set.

A file may come from anybody: shapes and types are read first, so that nothing is allocated that
does not fit into memory, and nothing is unpickled.
"""

import difflib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from facsimile import datasets
from facsimile.foundation import file_kinds
from facsimile.metrics.base import arguments, real_arrays
from facsimile.scoring import stored_arrays
from facsimile.scoring.stored_arrays import Array, Contents, Shape, StoredArray
from facsimile.store import latents

REQUIRED = ("codes", "factors")
SUFFIXES = (".npz", ".h5", ".hdf5")
NAMES = {
    "codes": "[N, d]",
    "factors": "[N, k]",
    "log_variances": "[N, d]",
    "peers": "[p, N, d]",
    "peers_log_variances": "[p, N, d]",
}
MEANING = {"codes": "", "factors": ", the index of each factor's value"}
# What others call these arrays; a guess that is only offered.
ALSO_CALLED = {
    "codes": (
        "mean",
        "means",
        "mu",
        "z",
        "latent",
        "latents",
        "embedding",
        "embeddings",
        "representation",
        "representations",
        "features",
        "arr_0",
    ),
    "factors": (
        "labels",
        "targets",
        "y",
        "latents_classes",
        "ground_truth",
        "generative_factors",
        "arr_1",
    ),
}
# Name of an array in the latents file of a run -> its name here.
OF_A_RUN = {
    "mean": "codes",
    "log_variance": "log_variances",
}
# Memory that is needed, as a multiple of the arrays' bytes: the array as it is read, a copy in
# float32, and the points that are drawn from it.
COPIES = 3
GIB = 2**30


class Latents(NamedTuple):
    """The latents in a file.

    ``codes`` [N, d], ``factors`` [N, k]. ``outputs``: other arguments of ``facsimile.score``
    that the file contains. ``unused``: names of arrays that were not used.
    """

    codes: Array
    factors: Array
    outputs: dict[str, Any]
    unused: tuple[str, ...]


def read(path: Path) -> Latents:
    """Read latents from an .npz or HDF5 file.

    Raises ValueError that names the file and the array, and says what to do.
    """
    if not path.is_file():
        raise ValueError(_no_file(path))
    from_npz, from_hdf5 = stored_arrays.from_npz, stored_arrays.from_hdf5
    readers = {".npz": from_npz, ".h5": from_hdf5, ".hdf5": from_hdf5}
    suffix = path.suffix.lower()
    if suffix not in readers:
        kind = file_kinds.described(path)
        remedy = f"it is {kind}" if kind else "save codes [N, d] and factors [N, k] by numpy.savez"
        raise ValueError(f"{path}: neither .npz nor .h5; {remedy}")
    with readers[suffix](path) as contents:
        arrays, attributes, _ = contents
        if _is_from_run(arrays, attributes):
            return _read_from_run(path, arrays, attributes)
        return _read_from_user(path, contents)


def _no_file(path: Path) -> str:
    """Return a message about a path that is no file, with the files that may be meant."""
    folder, message = path.parent, "there is no such file"
    if path.is_dir():
        folder, message = path, "is a folder"
    names = []
    if folder.is_dir():
        names = sorted(other.name for other in folder.iterdir() if other.suffix in SUFFIXES)
    if not path.is_dir():
        names = difflib.get_close_matches(path.name, names, n=1)
    similar = ", ".join(names[: stored_arrays.SHOWN])
    return f"{path}: {message}{f'; did you mean {similar}?' if similar else ''}"


def _read_from_user(path: Path, contents: Contents) -> Latents:
    stored = contents.arrays
    needed = {name: stored[name] for name in NAMES if name in stored}
    for name in REQUIRED:
        if name not in needed:
            raise ValueError(
                f"{path}: no array {name!r} {NAMES[name]}{MEANING[name]}; "
                f"{_contents_hint(name, contents)}"
            )
    try:
        _check(needed)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    _check_memory(path, needed)
    arrays = {}
    for name, array in needed.items():
        arrays[name] = _load(path, name, array)
    # In the form of the arguments of facsimile.score.
    inputs: dict[str, Any] = {}
    if "log_variances" in arrays:
        inputs["log_variances"] = arrays["log_variances"]
    if "peers" in arrays:
        log_variances = arrays["peers_log_variances"]
        inputs["peers"] = list(zip(arrays["peers"], log_variances, strict=True))
    unused = sorted(set(stored) - set(NAMES))
    return Latents(arrays["codes"], arrays["factors"], inputs, tuple(unused))


def _contents_hint(name: str, contents: Contents) -> str:
    """What a file contains, and which of it may be the missing array under another name."""
    stored = list(contents.arrays)
    listed = [", ".join(sorted(stored))] if stored else []
    text = f"holds: {'; '.join([*listed, *contents.others]) or 'nothing'}"
    candidates = [other for other in stored if other not in NAMES]
    # Also in capitals.
    by_lower = {other.lower(): other for other in candidates}
    nearest = [by_lower[near] for near in difflib.get_close_matches(name, list(by_lower), n=1)]
    for other in candidates:
        if other.lower() in ALSO_CALLED.get(name, ()):
            nearest.append(other)
    if nearest:
        return f"did you mean {nearest[0]!r}? It {text}"
    return f"it {text}"


def _is_from_run(
    stored: Mapping[str, StoredArray],
    attributes: Mapping[str, Any],
) -> bool:
    """Whether a file is the latents file of a run."""
    has_arrays = set(OF_A_RUN) <= set(stored)
    has_attributes = {"dataset", "statement", "sha256"} <= set(attributes)
    return has_arrays and has_attributes


def _read_from_run(
    path: Path,
    stored: Mapping[str, StoredArray],
    attributes: Mapping[str, Any],
) -> Latents:
    """Codes and log-variances of a run, and the factors of the data that it was run on."""
    dataset = str(attributes["dataset"])
    statement = json.loads(attributes["statement"])
    data = datasets.grid(dataset).subgrid(statement.get("subgrid", {}))
    needed = {name: stored[stored_name] for stored_name, name in OF_A_RUN.items()}
    for name, array in needed.items():
        if len(array.shape) != 2 or array.shape[0] != len(data):
            raise ValueError(
                f"{path}: {name} is {list(array.shape)}, but {dataset} has {len(data)} rows; "
                "encode it again"
            )
    _check_memory(path, needed)
    codes, log_variances = latents.posteriors(path).values()
    factors = data.factors(np.arange(len(data)))
    return Latents(codes, factors, {"log_variances": log_variances}, ())


def _check(arrays: Mapping[str, StoredArray]) -> None:
    """Raise ValueError unless the arrays can be read, with valid shapes and types."""
    for name, array in arrays.items():
        if array.obstacle:
            raise ValueError(f"{name} {array.obstacle}")
        # The type first: a table of named columns has one dimension, too.
        real_arrays.require_real(name, array.dtype)
        arguments.require_shape(name, array.shape, NAMES[name])
    shapes = {name: array.shape for name, array in arrays.items()}
    arguments.require_same_rows(shapes["codes"], shapes["factors"])
    if shapes.get("log_variances", shapes["codes"]) != shapes["codes"]:
        raise ValueError(
            f"log_variances are {list(shapes['log_variances'])}; "
            f"give one for each code, {list(shapes['codes'])}"
        )
    _check_peers(shapes)


def _check_peers(shapes: Mapping[str, Shape]) -> None:
    codes = shapes["codes"]
    peers = shapes.get("peers")
    log_variances = shapes.get("peers_log_variances")
    if (peers is None) != (log_variances is None):
        raise ValueError("give peers and peers_log_variances, both [p, N, d], or neither")
    if peers is None or log_variances is None:
        return
    if peers != log_variances:
        raise ValueError(
            f"peers are {list(peers)} and peers_log_variances {list(log_variances)}; "
            "give them the same shape"
        )
    if peers[1] != codes[0]:
        raise ValueError(
            f"peers have {peers[1]:,} rows, codes {codes[0]:,}; encode the same images"
        )


def _check_memory(path: Path, arrays: Mapping[str, StoredArray]) -> None:
    """Raise ValueError unless the arrays, and copies of them, fit into free memory."""
    size = 0
    for array in arrays.values():
        # At least 4 bytes per number, as they are converted to float32.
        size += math.prod(array.shape) * max(array.dtype.itemsize, 4)
    needed = COPIES * size
    free = psutil.virtual_memory().available
    if needed > free:
        shapes = [f"{name} {list(array.shape)}" for name, array in arrays.items()]
        raise ValueError(
            f"{path}: {', '.join(shapes)} would need {needed / GIB:.1f} GiB of memory and "
            f"{free / GIB:.1f} GiB are free; "
            "save fewer rows, or float32 instead of float64"
        )


def _load(path: Path, name: str, array: StoredArray) -> Array:
    if array.incomplete:
        raise ValueError(f"{path}: {name} {array.incomplete}")
    try:
        return array.load()
    except stored_arrays.DAMAGE as error:
        raise stored_arrays.damaged(path, f"{name}: {error}") from None
