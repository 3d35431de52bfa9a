"""Latents of a reader's own, from FILE.npz or FILE.h5: what is wrong with a file is one line that names it and the array.

Arrays: ``codes`` [N, d], ``factors`` [N, k] (the index of each factor's value), and where metrics need them ``log_variances``
[N, d], ``peers`` [p, N, d] and ``peers_log_variances`` [p, N, d] (models that differ in their seed only). A run's own
latents.h5 serves as it is: its factors are those of its data set. Shapes and types are read first, and nothing is allocated
that does not fit; nothing is read with pickle.
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
REQUIRED = ("codes", "factors")
NAMES = {
    "codes": "[N, d]",
    "factors": "[N, k]",
    "log_variances": "[N, d]",
    "peers": "[p, N, d]",
    "peers_log_variances": "[p, N, d]",
}
MEANING = {"codes": "", "factors": ", the index of each factor's value"}
OF_A_RUN = {"mean": "codes", "log_variance": "log_variances"}
# Reading, its check, a copy in float32 and the points drawn from it: so many times the file's bytes at most.
COPIES = 3
GIB = 2**30
HEADER_BYTES = 2**16  # of an array in an archive
# What zipfile, NumPy and h5py raise for damaged files.
DAMAGE = (
    *(
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        EOFError,
        NotImplementedError,
        OverflowError,
        MemoryError,
    ),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(IndexError, AttributeError, SyntaxError, tokenize.TokenError),
)


class LatentsFile(NamedTuple):
    """An array in a file: its shape and type as the file states them, and how to read it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    load: Callable[[], Array]


class Latents(NamedTuple):
    """Codes [N, d], factors [N, k], what else the file gives of the model, and the names of arrays that were not used."""

    codes: Array
    factors: Array
    given: dict[str, Any]
    unused: tuple[str, ...]


def read(path: Path) -> Latents:
    """Read latents from .npz or HDF5; raises ValueError that names the file, the array and the remedy."""
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    readers = {".npz": _npz, ".h5": _hdf5, ".hdf5": _hdf5}
    if path.suffix.lower() not in readers:
        raise ValueError(
            f"{path}: neither .npz nor .h5; save arrays codes [N, d] and factors [N, k] by numpy.savez"
        )
    with readers[path.suffix.lower()](path) as (stored, about):
        return (
            _of_a_run(path, stored, about) if _is_of_a_run(stored, about) else _given(path, stored)
        )


def _given(path: Path, stored: Mapping[str, LatentsFile]) -> Latents:
    wanted = {name: stored[name] for name in NAMES if name in stored}
    for name in REQUIRED:
        if name not in wanted:
            raise ValueError(
                f"{path}: no array {name!r} {NAMES[name]}{MEANING[name]}; {_held(name, list(stored))}"
            )
    _check(path, wanted)
    found = {name: _load(path, name, array) for name, array in wanted.items()}
    given: dict[str, Any] = {name: found[name] for name in ("log_variances",) if name in found}
    if "peers" in found:
        given["peers"] = list(zip(found["peers"], found["peers_log_variances"], strict=True))
    return Latents(found["codes"], found["factors"], given, tuple(sorted(set(stored) - set(NAMES))))


def _held(name: str, stored: list[str]) -> str:
    near = difflib.get_close_matches(name, [other for other in stored if other not in NAMES], n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}{'It' if near else 'it'} holds: {', '.join(sorted(stored)) or 'nothing'}"


def _is_of_a_run(stored: Mapping[str, LatentsFile], about: Mapping[str, Any]) -> bool:
    return set(OF_A_RUN) <= set(stored) and {"dataset", "statement", "sha256"} <= set(about)


def _of_a_run(path: Path, stored: Mapping[str, LatentsFile], about: Mapping[str, Any]) -> Latents:
    """Codes and log-variances of a run, and the factors of its data set or of the part of it that the run states."""
    data = datasets.grid(str(about["dataset"])).subgrid(
        json.loads(about["statement"]).get("subgrid", {})
    )
    wanted = {OF_A_RUN[name]: stored[name] for name in OF_A_RUN}
    for name, array in wanted.items():
        if len(array.shape) != 2 or array.shape[0] != len(data):
            raise ValueError(
                f"{path}: {name} is {list(array.shape)}, but {about['dataset']} has {len(data)} rows; encode it again"
            )
    _fits(path, wanted)
    codes, log_variances = latents.both(path).values()
    return Latents(codes, data.factors(np.arange(len(data))), {"log_variances": log_variances}, ())


def _check(path: Path, wanted: Mapping[str, LatentsFile]) -> None:
    """Raise ValueError unless shapes and types are those of codes and factors, and fit into memory."""
    for name, array in wanted.items():
        _shaped(path, name, array, 3 if name.startswith("peers") else 2)
        _typed(path, name, array)
    codes, factors = (wanted[name].shape for name in REQUIRED)
    if codes[0] != factors[0]:
        turned = (
            f"; transpose codes: codes.T is {[codes[1], codes[0]]}"
            if codes[1] == factors[0]
            else ""
        )
        raise ValueError(
            f"{path}: codes have {codes[0]:,} rows and factors {factors[0]:,}; each row is one image{turned}"
        )
    if "log_variances" in wanted and wanted["log_variances"].shape != codes:
        raise ValueError(
            f"{path}: log_variances are {list(wanted['log_variances'].shape)}; give one for each code, {list(codes)}"
        )
    if ("peers" in wanted) != ("peers_log_variances" in wanted):
        raise ValueError(f"{path}: give peers and peers_log_variances, both [p, N, d], or neither")
    if "peers" in wanted and wanted["peers"].shape != wanted["peers_log_variances"].shape:
        shapes = [list(wanted[name].shape) for name in ("peers", "peers_log_variances")]
        raise ValueError(
            f"{path}: peers are {shapes[0]} and peers_log_variances {shapes[1]}; give them the same shape"
        )
    if "peers" in wanted and wanted["peers"].shape[1] != codes[0]:
        raise ValueError(
            f"{path}: peers have {wanted['peers'].shape[1]:,} rows, codes {codes[0]:,}; encode the same images"
        )
    _fits(path, wanted)


def _shaped(path: Path, name: str, array: LatentsFile, dimensions: int) -> None:
    if len(array.shape) == dimensions and all(array.shape):
        return
    column = (
        f"; a single column is {name}[:, None]" if len(array.shape) == 1 and dimensions == 2 else ""
    )
    raise ValueError(
        f"{path}: {name} must be {NAMES[name]} and not empty, not {list(array.shape)}{column}"
    )


def _typed(path: Path, name: str, array: LatentsFile) -> None:
    if name == "factors" and array.dtype.kind not in "iub":
        remedy = "number the values of each factor: 0, 1, 2, … (if they are whole numbers, save factors.astype(int))"
        raise ValueError(f"{path}: factors must be integers, not {array.dtype}; {remedy}")
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"{path}: {name} must be real numbers, not {array.dtype}; save it as float32"
        )


def _fits(path: Path, wanted: Mapping[str, LatentsFile]) -> None:
    needed = COPIES * sum(
        math.prod(array.shape) * max(array.dtype.itemsize, 4) for array in wanted.values()
    )
    free = psutil.virtual_memory().available
    if needed > free:
        names = ", ".join(f"{name} {list(array.shape)}" for name, array in wanted.items())
        raise ValueError(
            f"{path}: {names} would need {needed / GIB:.1f} GiB of memory and {free / GIB:.1f} GiB are free; "
            "save fewer rows, or float32 instead of float64"
        )


def _load(path: Path, name: str, array: LatentsFile) -> Array:
    try:
        return array.load()
    except DAMAGE as error:
        raise _damaged(path, f"{name}: {error}") from None


def _damaged(path: Path, why: object) -> ValueError:
    said = " ".join(str(why).split()) or type(why).__name__
    return ValueError(f"{path}: damaged, or not what its name says ({said}); save it again")


@contextmanager
def _npz(path: Path) -> Iterator[tuple[dict[str, LatentsFile], dict[str, Any]]]:
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise _damaged(path, error) from None
    with archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
        yield {name.removesuffix(".npy"): _member(path, archive, name) for name in members}, {}


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> LatentsFile:
    """An array of an archive by its header alone, which says what reading it would allocate."""
    try:
        with archive.open(name) as file:
            head = _Head(file)
            version = npy.read_magic(head)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = header(head)
    except DAMAGE as error:
        raise _damaged(path, f"{name}: {error}") from None

    def load() -> Array:
        with archive.open(name) as file:
            return np.asarray(npy.read_array(file, allow_pickle=False))

    return LatentsFile(shape, dtype, load)


class _Head:
    """The beginning of an array's file: NumPy reads a header of up to 4 GiB before it refuses one of more than 10,000 bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= HEADER_BYTES:
            raise ValueError(f"a header of {size:,} bytes")
        return self._file.read(size)


@contextmanager
def _hdf5(path: Path) -> Iterator[tuple[dict[str, LatentsFile], dict[str, Any]]]:
    try:
        file = h5py.File(path, "r")
    except DAMAGE as error:
        raise _damaged(path, error) from None
    with file:
        try:
            found = {name: _dataset(file, name) for name in _own(file)}
            facts = dict(file.attrs)
        except DAMAGE as error:
            raise _damaged(path, error) from None
        for name, (_, elsewhere) in found.items():
            if elsewhere:
                raise ValueError(
                    f"{path}: {name} keeps its values in another file; save them in this one"
                )
        yield {name: stored for name, (stored, _) in found.items()}, facts


def _own(file: h5py.File) -> list[str]:
    """Names of the arrays that lie in the file itself: a link could make us read any other."""
    kept = [name for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink)]
    return [name for name in kept if isinstance(file[name], h5py.Dataset)]


def _dataset(file: h5py.File, name: str) -> tuple[LatentsFile, bool]:
    """An array, and whether its values lie in another file."""
    found = file[name]
    stored = LatentsFile(tuple(found.shape or ()), found.dtype, lambda: np.asarray(found[()]))
    return stored, bool(found.is_virtual or found.external)
