"""What a file is by its first bytes, where that differs from what its name says."""

from pathlib import Path

# First bytes -> what such a file is, and what to do with it.
KINDS = (
    (
        b"version https://git-lfs",
        "a Git LFS pointer in place of the file; fetch it by: git lfs pull",
    ),
    (b"/annex/objects", "a git-annex pointer in place of the file; fetch it by: git annex get"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file; name it .h5"),
    (b"\x93NUMPY", "a single array of numpy.save; save all arrays by numpy.savez"),
    (b"\xfd7zXZ", "compressed by xz; unpack it by: xz -d"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd; unpack it by: zstd -d"),
    (b"PK\x03\x04", "a zip archive, as are .npz and .xlsx files"),
    (b"BZh", "compressed by bzip2; unpack it by: bunzip2"),
    (b"\x1f\x8b", "compressed by gzip; unpack it by: gunzip"),
    (b"MATLAB 5.0", "a MATLAB file of version 5; save its arrays by numpy.savez"),
)
PAGE = "a web page, perhaps an error of the server; download the file again"
EMPTY = "empty; the program that wrote it may have stopped"


def stand_in(path: Path) -> str:
    """What a file is that is in the place of another, as ``described``; "" for a real file."""
    kind = described(path)
    return kind if kind in (PAGE, EMPTY) or "in place of the file" in kind else ""


def described(path: Path) -> str:
    """What a file is and what to do with it, as ``compressed by gzip; …``; "" if unknown."""
    with path.open("rb") as file:
        first = file.read(512)
    if not first:
        return EMPTY
    if first.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return PAGE
    for beginning, kind in KINDS:
        if first.startswith(beginning):
            return kind
    return ""
