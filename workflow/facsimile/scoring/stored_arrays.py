"""Arrays of an .npz or HDF5 file that may come from anybody, by name, before they are read.

Shapes and types are read first, so that nothing is allocated that does not fit into memory, and
nothing is unpickled.
"""

import errno
import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from facsimile.foundation import file_kinds, hdf5

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
SHOWN = 10  # groups and links, and arrays of a group, that a message lists
HEADER_BYTES = 2**16  # the most that the header of an array in an archive may have
# What a whole file of a suffix is, as ``file_kinds`` calls it.
KIND_OF_SUFFIX = {".npz": "a zip archive", ".h5": "an HDF5 file", ".hdf5": "an HDF5 file"}
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
    ``incomplete``: why not all of its values were written, as a clause; else empty.
    """

    shape: Shape
    dtype: np.dtype[Any]
    load: Callable[[], Array]
    obstacle: str = ""
    incomplete: str = ""


class Contents(NamedTuple):
    """Arrays and attributes of a file; ``others``: groups and links, in words."""

    arrays: dict[str, StoredArray]
    attributes: dict[str, Any]
    others: tuple[str, ...] = ()


def damaged(path: Path, reason: object) -> ValueError:
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
    kind = file_kinds.described(path)
    expected = KIND_OF_SUFFIX.get(path.suffix.lower(), "")
    text = " ".join(str(reason).split()) or type(reason).__name__
    if kind == file_kinds.EMPTY:
        text = kind
    elif kind and not (expected and kind.startswith(expected)):
        return ValueError(f"{path}: this is {kind}")
    return ValueError(f"{path}: damaged, or not what its name says ({text}); save it again")


@contextmanager
def from_npz(path: Path) -> Iterator[Contents]:
    """Arrays of an archive; it has no attributes."""
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise damaged(path, error) from None
    with archive:
        arrays = {}
        for member in archive.namelist():
            if member.endswith(".npy"):
                if archive.namelist().count(member) > 1:
                    raise ValueError(f"{path}: two arrays are called {member}; save it again")
                arrays[member.removesuffix(".npy")] = _npz_array(path, archive, member)
        yield Contents(arrays, {})


def _npz_array(path: Path, archive: zipfile.ZipFile, member: str) -> StoredArray:
    """An array of an archive from its header alone, which says how much memory it would need."""
    try:
        with archive.open(member) as file:
            limited = _LimitedReader(file)
            version = npy.read_magic(limited)
            is_version_1 = version == (1, 0)
            read_header = npy.read_array_header_1_0 if is_version_1 else npy.read_array_header_2_0
            shape, _, dtype = read_header(limited)
    except NotImplementedError as error:
        raise damaged(path, NotImplementedError(f"{member}: {error}")) from None
    except DAMAGE as error:
        raise damaged(path, f"{member}: {error}") from None

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
def from_hdf5(path: Path) -> Iterator[Contents]:
    """Arrays and attributes of an HDF5 file."""
    try:
        file = h5py.File(path, "r")
    except DAMAGE as error:
        raise damaged(path, error) from None
    with file:
        try:
            arrays = {}
            for name in _local_arrays(file):
                arrays[name] = _hdf5_array(file[name])
            attributes = dict(file.attrs)
            others = _others(file)
        except DAMAGE as error:
            raise damaged(path, error) from None
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
    incomplete = "" if obstacle else hdf5.unwritten(value)
    return StoredArray(shape, value.dtype, load, obstacle, incomplete)
