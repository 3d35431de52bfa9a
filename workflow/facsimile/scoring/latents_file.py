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
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt
import psutil
from numpy.lib import format as npy

from facsimile import datasets
from facsimile.store import latents

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
REQUIRED = ("codes", "factors")
NAMES = {
    "codes": "[N, d]",
    "factors": "[N, k]",
    "log_variances": "[N, d]",
    "peers": "[p, N, d]",
    "peers_log_variances": "[p, N, d]",
}
MEANING = {"codes": "", "factors": ", the index of each factor's value"}
# Name of an array in the latents file of a run -> its name here.
OF_A_RUN = {
    "mean": "codes",
    "log_variance": "log_variances",
}
# Memory that is needed, as a multiple of the arrays' bytes: the array as it is read, a copy in
# float32, and the points that are drawn from it.
COPIES = 3
GIB = 2**30
HEADER_BYTES = 2**16  # the most that the header of an array in an archive may have
# What zipfile, NumPy and h5py raise for damaged files.
DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    EOFError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    IndexError,
    AttributeError,
    SyntaxError,
    tokenize.TokenError,
)


class StoredArray(NamedTuple):
    """An array in a file: the shape and type that the file declares, and a function to read it."""

    shape: Shape
    dtype: np.dtype[Any]
    load: Callable[[], Array]


Contents = tuple[dict[str, StoredArray], dict[str, Any]]  # arrays and attributes of a file


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
        raise ValueError(f"{path}: there is no such file")
    readers = {".npz": _npz, ".h5": _hdf5, ".hdf5": _hdf5}
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise ValueError(
            f"{path}: neither .npz nor .h5; "
            "save arrays codes [N, d] and factors [N, k] by numpy.savez"
        )
    with readers[suffix](path) as (arrays, attributes):
        if _is_from_run(arrays, attributes):
            return _read_from_run(path, arrays, attributes)
        return _read_from_user(path, arrays)


def _read_from_user(path: Path, stored: Mapping[str, StoredArray]) -> Latents:
    needed = {name: stored[name] for name in NAMES if name in stored}
    for name in REQUIRED:
        if name not in needed:
            raise ValueError(
                f"{path}: no array {name!r} {NAMES[name]}{MEANING[name]}; "
                f"{_contents_hint(name, list(stored))}"
            )
    _check(path, needed)
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


def _contents_hint(name: str, stored: list[str]) -> str:
    """What a file contains, and which of it may be the missing array under another name."""
    contents = f"holds: {', '.join(sorted(stored)) or 'nothing'}"
    candidates = [other for other in stored if other not in NAMES]
    nearest = difflib.get_close_matches(name, candidates, n=1)
    if nearest:
        return f"did you mean {nearest[0]!r}? It {contents}"
    return f"it {contents}"


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


def _check(path: Path, arrays: Mapping[str, StoredArray]) -> None:
    """Raise ValueError unless the arrays have valid shapes and types and fit into memory."""
    for name, array in arrays.items():
        dimensions = len(NAMES[name].split(","))
        _check_shape(path, name, array, dimensions)
        _check_type(path, name, array)
    shapes = {name: array.shape for name, array in arrays.items()}
    _check_rows(path, shapes["codes"], shapes["factors"])
    if shapes.get("log_variances", shapes["codes"]) != shapes["codes"]:
        raise ValueError(
            f"{path}: log_variances are {list(shapes['log_variances'])}; "
            f"give one for each code, {list(shapes['codes'])}"
        )
    _check_peers(path, shapes)
    _check_memory(path, arrays)


def _check_rows(path: Path, codes: Shape, factors: Shape) -> None:
    if codes[0] == factors[0]:
        return
    remedy = ""
    if codes[1] == factors[0]:
        remedy = f"; transpose codes: codes.T is {[codes[1], codes[0]]}"
    raise ValueError(
        f"{path}: codes have {codes[0]:,} rows and factors {factors[0]:,}; "
        f"each row is one image{remedy}"
    )


def _check_peers(path: Path, shapes: Mapping[str, Shape]) -> None:
    codes = shapes["codes"]
    peers = shapes.get("peers")
    log_variances = shapes.get("peers_log_variances")
    if (peers is None) != (log_variances is None):
        raise ValueError(f"{path}: give peers and peers_log_variances, both [p, N, d], or neither")
    if peers is None or log_variances is None:
        return
    if peers != log_variances:
        raise ValueError(
            f"{path}: peers are {list(peers)} and peers_log_variances {list(log_variances)}; "
            "give them the same shape"
        )
    if peers[1] != codes[0]:
        raise ValueError(
            f"{path}: peers have {peers[1]:,} rows, codes {codes[0]:,}; encode the same images"
        )


def _check_shape(path: Path, name: str, array: StoredArray, dimensions: int) -> None:
    shape = array.shape
    if len(shape) == dimensions and all(shape):
        return
    remedy = ""
    if len(shape) == 1 and dimensions == 2:
        remedy = f"; a single column is {name}[:, None]"
    raise ValueError(
        f"{path}: {name} must be {NAMES[name]} and not empty, not {list(shape)}{remedy}"
    )


def _check_type(path: Path, name: str, array: StoredArray) -> None:
    if name == "factors" and array.dtype.kind not in "iub":
        raise ValueError(
            f"{path}: factors must be integers, not {array.dtype}; "
            "number the values of each factor: 0, 1, 2, … "
            "(if they are whole numbers, save factors.astype(int))"
        )
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"{path}: {name} must be real numbers, not {array.dtype}; save it as float32"
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
    try:
        return array.load()
    except DAMAGE as error:
        raise _damaged(path, f"{name}: {error}") from None


def _damaged(path: Path, reason: object) -> ValueError:
    """The error for a damaged file; an exception without a message is named by its type."""
    text = " ".join(str(reason).split()) or type(reason).__name__
    return ValueError(f"{path}: damaged, or not what its name says ({text}); save it again")


@contextmanager
def _npz(path: Path) -> Iterator[Contents]:
    """Arrays of an archive; it has no attributes."""
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise _damaged(path, error) from None
    with archive:
        arrays = {}
        for member in archive.namelist():
            if member.endswith(".npy"):
                arrays[member.removesuffix(".npy")] = _npz_array(path, archive, member)
        yield arrays, {}


def _npz_array(path: Path, archive: zipfile.ZipFile, member: str) -> StoredArray:
    """An array of an archive, by its header alone, which tells what reading it would allocate."""
    try:
        with archive.open(member) as file:
            limited = _LimitedReader(file)
            version = npy.read_magic(limited)
            is_version_1 = version == (1, 0)
            read_header = npy.read_array_header_1_0 if is_version_1 else npy.read_array_header_2_0
            shape, _, dtype = read_header(limited)
    except DAMAGE as error:
        raise _damaged(path, f"{member}: {error}") from None

    def load() -> Array:
        with archive.open(member) as file:
            array = npy.read_array(file, allow_pickle=False)
        return np.asarray(array)

    return StoredArray(shape, dtype, load)


class _LimitedReader:
    """Refuses to read large headers.

    NumPy refuses a header of more than 10,000 bytes, but only after it has read it, and it may
    claim up to 4 GiB.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= HEADER_BYTES:
            raise ValueError(f"a header of {size:,} bytes")
        return self._file.read(size)


@contextmanager
def _hdf5(path: Path) -> Iterator[Contents]:
    """Arrays and attributes of an HDF5 file."""
    try:
        file = h5py.File(path, "r")
    except DAMAGE as error:
        raise _damaged(path, error) from None
    with file:
        try:
            values = {name: file[name] for name in _local_arrays(file)}
            arrays = {name: _hdf5_array(value) for name, value in values.items()}
            external = [name for name, value in values.items() if _is_external(value)]
            attributes = dict(file.attrs)
        except DAMAGE as error:
            raise _damaged(path, error) from None
        if external:
            raise ValueError(
                f"{path}: {external[0]} keeps its values in another file; save them in this one"
            )
        yield arrays, attributes


def _local_arrays(file: h5py.File) -> list[str]:
    """Names of the arrays in the file itself; a link could make us read any other file."""
    names = []
    for name in file:
        link = file.get(name, getlink=True)
        # The link first, as file[name] would follow it.
        if isinstance(link, h5py.HardLink) and isinstance(file[name], h5py.Dataset):
            names.append(name)
    return names


def _hdf5_array(value: h5py.Dataset) -> StoredArray:
    def load() -> Array:
        return np.asarray(value[()])

    return StoredArray(tuple(value.shape or ()), value.dtype, load)


def _is_external(value: h5py.Dataset) -> bool:
    """Whether an array of the file keeps its values in another file."""
    return bool(value.is_virtual or value.external)
