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
import errno
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
from facsimile.foundation import hdf5
from facsimile.metrics.base import arguments, real_arrays
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
SHOWN = 10  # groups and links, and arrays of a group, that a message lists
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
    """An array in a file: the shape and type that the file declares, and a function to read it.

    ``obstacle``: why it cannot be read although the file is whole, as a clause; else empty.
    """

    shape: Shape
    dtype: np.dtype[Any]
    load: Callable[[], Array]
    obstacle: str = ""


class Contents(NamedTuple):
    """Arrays and attributes of a file; ``others``: groups and links, in words."""

    arrays: dict[str, StoredArray]
    attributes: dict[str, Any]
    others: tuple[str, ...] = ()


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
    with readers[suffix](path) as contents:
        arrays, attributes, _ = contents
        if _is_from_run(arrays, attributes):
            return _read_from_run(path, arrays, attributes)
        return _read_from_user(path, contents)


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
    nearest = difflib.get_close_matches(name, candidates, n=1)
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
        arguments.require_shape(name, array.shape, NAMES[name])
        real_arrays.require_real(name, array.dtype)
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
    try:
        return array.load()
    except DAMAGE as error:
        raise _damaged(path, f"{name}: {error}") from None


def _damaged(path: Path, reason: object) -> ValueError:
    """The error for a damaged file; an exception without a message is named by its type.

    Files that are whole but cannot be opened have an error of their own.
    """
    number = getattr(reason, "errno", None)
    if number in (errno.EACCES, errno.EPERM):
        return ValueError(f"{path}: no permission to read it; chmod u+r {path}")
    if number == errno.EAGAIN:
        return ValueError(f"{path}: another process has it open for writing; close it there first")
    if isinstance(reason, NotImplementedError):
        return ValueError(f"{path}: {reason}; save it by numpy.savez or numpy.savez_compressed")
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
        yield Contents(arrays, {})


def _npz_array(path: Path, archive: zipfile.ZipFile, member: str) -> StoredArray:
    """An array of an archive, by its header alone, which tells what reading it would allocate."""
    try:
        with archive.open(member) as file:
            limited = _LimitedReader(file)
            version = npy.read_magic(limited)
            is_version_1 = version == (1, 0)
            read_header = npy.read_array_header_1_0 if is_version_1 else npy.read_array_header_2_0
            shape, _, dtype = read_header(limited)
    except NotImplementedError as error:
        raise _damaged(path, NotImplementedError(f"{member}: {error}")) from None
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
            arrays = {}
            for name in _local_arrays(file):
                arrays[name] = _hdf5_array(file[name])
            attributes = dict(file.attrs)
            others = _others(file)
        except DAMAGE as error:
            raise _damaged(path, error) from None
        yield Contents(arrays, attributes, others)


def _local_arrays(file: h5py.File) -> list[str]:
    """Names of the arrays in the file itself; a link could make us read any other file."""
    names = []
    for name in file:
        link = file.get(name, getlink=True)
        # The link first, as file[name] would follow it.
        if isinstance(link, h5py.HardLink) and isinstance(file[name], h5py.Dataset):
            names.append(name)
    return names


def _others(file: h5py.File) -> tuple[str, ...]:
    """Groups, and links, which are not followed, in words."""
    texts = []
    for name in file:
        link = file.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            texts.append(f"a link {name} to {link.path} in {link.filename}, which is not followed")
        elif isinstance(link, h5py.SoftLink):
            texts.append(f"a link {name} to {link.path}, which is not followed: save the array")
        elif isinstance(file[name], h5py.Group):
            members = list(file[name])[:SHOWN]
            held = ", ".join(members) or "nothing"
            texts.append(f"a group {name} with {held}: save its arrays at the top of the file")
    return tuple(texts[:SHOWN])


def _hdf5_array(value: h5py.Dataset) -> StoredArray:
    def load() -> Array:
        return np.asarray(value[()])

    obstacle = hdf5.missing_filter(value)
    if value.is_virtual or value.external:
        obstacle = "keeps its values in another file; save them in this one"
    shape = tuple(value.shape or ())
    return StoredArray(shape, value.dtype, load, obstacle)
