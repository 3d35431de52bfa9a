"""Unpack a bundle that anybody may have made into a folder of its own: nothing else is written, nothing is larger than stated.

Every member must be a plain file with a name that a run, a study or a table has, of the size that the list at the bundle's
beginning states, with the checksum that its end states. What breaks a rule is refused by its name.
"""

import gzip
import hashlib
import json
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from facsimile.commands.bundles.bundle_format import (
    BESIDE,
    CHUNK,
    FORMAT,
    MANIFEST,
    OF_A_RUN,
    SUMS,
    BundleError,
)

LIST_BYTES = (
    2**26
)  # of the list of members, and of the checksums: of 12,600 runs they have about a quarter
SMALL_BYTES = 2**24  # of a member that is JSON
DAMAGE = (
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    RecursionError,
    OverflowError,
    ValueError,
    KeyError,
    TypeError,
)
GZIP = b"\x1f\x8b"


class Bundle(NamedTuple):
    """What a bundle says of itself, the checksum of every member, and the folder that the runs' files lie in now."""

    study: str
    scale: str
    sums: dict[str, str]
    folder: Path


def unpack(path: Path, folder: Path) -> Bundle:
    """Unpack the runs of a bundle into ``folder``; raises BundleError that names the bundle and the member."""
    try:
        with _opened(path) as archive:
            return _unpack(path, archive, folder)
    except BundleError:
        raise
    except DAMAGE as error:
        if (
            isinstance(error, OSError)
            and not isinstance(error, gzip.BadGzipFile)
            and error.errno is not None
        ):
            raise  # the disk's own trouble: it says which file
        said = " ".join(str(error).split()) or type(error).__name__
        raise BundleError(
            f"{path}: damaged, or no bundle of facsimile export ({said}); fetch it again"
        ) from None


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP
        raw.seek(0)
        file: Any = gzip.GzipFile(fileobj=raw, mode="rb") if zipped else raw
        with tarfile.open(fileobj=_Bounded(file), mode="r:") as archive:  # type: ignore[call-overload]  # reads, seeks, tells
            yield archive


class _Bounded:
    """A file that gives at most a few MiB at a time: a tar header may claim a name of many GiB, which would be allocated."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= 2 * CHUNK:
            raise ValueError(f"a header claims {size:,} bytes")
        return self._file.read(size)


def _unpack(path: Path, archive: tarfile.TarFile, folder: Path) -> Bundle:
    first = archive.next()
    if first is None or first.name != MANIFEST:
        raise BundleError(
            f"{path}: no bundle of facsimile export: it does not begin with {MANIFEST}"
        )
    listed = _content(path, archive, first, LIST_BYTES)
    about = _about(path, listed)
    sizes = _sizes(path, about)
    free = shutil.disk_usage(folder).free
    if (total := sum(sizes.values())) > free:
        raise BundleError(
            f"{path}: holds {total:,} bytes, and {free:,} are free in {folder}; make room"
        )
    sums = {MANIFEST: hashlib.sha256(listed).hexdigest()}
    while (member := archive.next()) is not None and member.name != SUMS:
        name = _checked_name(path, member, folder, sizes, sums)
        sums[name] = _extract(
            path, archive, member, folder / name if OF_A_RUN.fullmatch(name) else None
        )
        archive.members.clear()  # type: ignore[attr-defined]  # else every header of the bundle is kept
    if member is None:
        raise BundleError(f"{path}: truncated: its checksums are not there; fetch it again")
    _compare(path, sums, _stated(path, _content(path, archive, member, LIST_BYTES)), sizes)
    return Bundle(str(about["study"]), str(about["scale"]), sums, folder)


def _about(path: Path, listed: bytes) -> dict[str, Any]:
    about = json.loads(listed)
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        found = about.get("format") if isinstance(about, dict) else None
        raise BundleError(
            f"{path}: is of format {str(found)[:20]!r}, not {FORMAT}; install the newest facsimile"
        )
    return about


def _sizes(path: Path, about: dict[str, Any]) -> dict[str, int]:
    sizes = about.get("members")
    if not isinstance(sizes, dict) or not all(
        type(size) is int and size >= 0 for size in sizes.values()
    ):
        raise BundleError(f"{path}: {MANIFEST} does not list the bytes of each member")
    return sizes


def _checked_name(
    path: Path, member: tarfile.TarInfo, folder: Path, sizes: dict[str, int], sums: dict[str, str]
) -> str:
    """The member's name, if it is one that a bundle may have; nothing that a name could do to a path gets further."""
    name, shown = member.name, repr(member.name[:200])
    if not (OF_A_RUN.fullmatch(name) or BESIDE.fullmatch(name)):
        raise BundleError(
            f"{path}: {shown} is no file of a run or a study; such a bundle is not unpacked"
        )
    if not member.isreg() or member.issparse():
        raise BundleError(f"{path}: {shown} is no plain file; such a bundle is not unpacked")
    tarfile.data_filter(member, str(folder))  # what Python holds to be unsafe, too
    if name in sums:
        raise BundleError(f"{path}: {shown} stands there twice")
    if sizes.get(name) != member.size:
        raise BundleError(
            f"{path}: {shown} has {member.size:,} bytes, its list says {sizes.get(name, 'nothing')}"
        )
    if name.endswith(".json") and member.size > SMALL_BYTES:
        raise BundleError(f"{path}: {shown} has {member.size:,} bytes, which no such file has")
    return name


def _extract(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, to: Path | None) -> str:
    """Write a member, if it is to be written, and answer its checksum."""
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
    source, checksum, left = archive.extractfile(member), hashlib.sha256(), member.size
    assert source is not None  # it is a plain file
    with source, to.open("xb") if to is not None else _Nowhere() as target:
        while left:
            data = source.read(min(CHUNK, left))
            if not data:
                raise BundleError(f"{path}: truncated in {member.name}; fetch it again")
            checksum.update(data)
            target.write(data)
            left -= len(data)
    return checksum.hexdigest()


class _Nowhere:
    """A file whose content is checksummed and not kept."""

    def __enter__(self) -> "_Nowhere":
        return self

    def __exit__(self, *_: object) -> None: ...

    def write(self, data: bytes) -> int:
        return len(data)


def _content(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, limit: int) -> bytes:
    if not member.isreg() or member.issparse() or member.size > limit:
        raise BundleError(f"{path}: {member.name} has {member.size:,} bytes or is no plain file")
    source = archive.extractfile(member)
    assert source is not None
    with source:
        parts = iter(lambda: source.read(CHUNK), b"")
        return b"".join(parts)


def _stated(path: Path, text: bytes) -> dict[str, str]:
    lines = text.decode("utf-8").splitlines()
    found = [re.fullmatch(r"([0-9a-f]{64})  (\S+)", line) for line in lines]
    if not all(found):
        raise BundleError(f"{path}: {SUMS} is not a list of checksums")
    return {match[2]: match[1] for match in found if match}


def _compare(
    path: Path, sums: dict[str, str], stated: dict[str, str], sizes: dict[str, int]
) -> None:
    for name, checksum in sums.items():
        if stated.get(name) != checksum:
            raise BundleError(
                f"{path}: {name} is not what was exported (checksum differs); fetch the bundle again"
            )
    if lacking := sorted((sizes.keys() | stated.keys()) - sums.keys()):
        raise BundleError(f"{path}: {lacking[0]!r} is listed and not there; fetch the bundle again")
