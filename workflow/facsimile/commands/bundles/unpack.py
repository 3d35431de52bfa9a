"""Unpack a bundle from an untrusted source into a folder of its own.

Nothing is written outside that folder, and nothing is larger than the bundle's list of members
says. Every member must be a plain file with a permitted name, of the size in the list at the
beginning, and with the checksum at the end. A bundle that breaks a rule is refused, and the message
names the member.
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
    CHUNK,
    FORMAT,
    MANIFEST,
    RUN_FILE,
    STUDY_FILE,
    SUMS,
    BundleError,
)

# Most bytes of the list of members and of the checksums; 12,600 runs need about a quarter of it.
LIST_BYTES = 2**26
# Most bytes of a member that is JSON.
SMALL_BYTES = 2**24
# What reading a damaged bundle can raise.
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
GZIP = b"\x1f\x8b"  # first bytes of a gzip file


class Bundle(NamedTuple):
    """Study and scale of a bundle, the checksum of each member, and the folder of unpacked runs."""

    study: str
    scale: str
    sums: dict[str, str]
    folder: Path


def unpack(path: Path, folder: Path) -> Bundle:
    """Unpack the runs of a bundle into ``folder``.

    Raises BundleError, which names the bundle and the member.
    """
    try:
        with _opened(path) as archive:
            return _unpack(path, archive, folder)
    except BundleError:
        raise
    except DAMAGE as error:
        if _is_from_the_disk(error):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BundleError(
            f"{path}: damaged, or not a bundle of facsimile export ({reason}); copy it again"
        ) from None


def _is_from_the_disk(error: Exception) -> bool:
    """Whether the operating system raised it, as for a full disk; its message names the file."""
    if isinstance(error, gzip.BadGzipFile):
        return False
    return isinstance(error, OSError) and error.errno is not None


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP
        raw.seek(0)
        file: Any = gzip.GzipFile(fileobj=raw, mode="rb") if zipped else raw
        bounded: Any = _BoundedReads(file)
        with tarfile.open(fileobj=bounded, mode="r:") as archive:
            yield archive


class _BoundedReads:
    """A file that returns at most 2 MiB per read.

    A tar header may claim a name of many GiB, which would be allocated.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= 2 * CHUNK:
            raise ValueError(f"a header claims {size:,} bytes")
        return self._file.read(size)


def _unpack(
    path: Path,
    archive: tarfile.TarFile,
    folder: Path,
) -> Bundle:
    first = archive.next()
    if first is None or first.name != MANIFEST:
        raise BundleError(
            f"{path}: not a bundle of facsimile export: it does not begin with {MANIFEST}"
        )
    listing = _content(path, archive, first, LIST_BYTES)
    manifest = _manifest(path, listing)
    sizes = _sizes(path, manifest)
    _check_room(path, sizes, folder)
    sums = {MANIFEST: hashlib.sha256(listing).hexdigest()}
    while (member := archive.next()) is not None and member.name != SUMS:
        name = _checked_name(path, member, folder, sizes, sums)
        # Files of the study are checked, but only those of runs are kept.
        target = folder / name if RUN_FILE.fullmatch(name) else None
        sums[name] = _extract(path, archive, member, target)
        # tarfile would keep every header in memory.
        archive.members.clear()  # type: ignore[attr-defined]
    if member is None:
        raise BundleError(f"{path}: truncated: its checksums are missing; copy it again")
    expected = _expected_sums(path, _content(path, archive, member, LIST_BYTES))
    _compare(path, sums, expected, sizes)
    return Bundle(str(manifest["study"]), str(manifest["scale"]), sums, folder)


def _manifest(
    path: Path,
    listing: bytes,
) -> dict[str, Any]:
    manifest = json.loads(listing)
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or version != FORMAT:
        raise BundleError(
            f"{path}: has format {str(version)[:20]!r}, not {FORMAT}; install the newest facsimile"
        )
    return manifest


def _sizes(
    path: Path,
    manifest: dict[str, Any],
) -> dict[str, int]:
    """Member -> bytes, as the manifest lists them."""
    sizes = manifest.get("members")
    if not isinstance(sizes, dict) or not all(map(_is_size, sizes.values())):
        raise BundleError(f"{path}: {MANIFEST} does not list the bytes of each member")
    return sizes


def _is_size(value: object) -> bool:
    # type(), because True is an instance of int.
    return type(value) is int and value >= 0


def _check_room(
    path: Path,
    sizes: dict[str, int],
    folder: Path,
) -> None:
    free = shutil.disk_usage(folder).free
    total = sum(sizes.values())
    if total > free:
        raise BundleError(
            f"{path}: holds {total:,} bytes, and {free:,} are free in {folder}; make room"
        )


def _checked_name(
    path: Path,
    member: tarfile.TarInfo,
    folder: Path,
    sizes: dict[str, int],
    sums: dict[str, str],
) -> str:
    """Return the name of a member; raise BundleError unless a bundle may have such a member.

    Nothing is written under a name that has not passed.
    """
    name = member.name
    shown = repr(name[:200])
    if not (RUN_FILE.fullmatch(name) or STUDY_FILE.fullmatch(name)):
        raise BundleError(
            f"{path}: {shown} is not a file of a run or a study; such a bundle is not unpacked"
        )
    if not member.isreg() or member.issparse():
        raise BundleError(f"{path}: {shown} is not a plain file; such a bundle is not unpacked")
    tarfile.data_filter(member, str(folder))  # raises for what Python considers unsafe
    if name in sums:
        raise BundleError(f"{path}: {shown} occurs twice")
    if sizes.get(name) != member.size:
        listed = sizes.get(name, "nothing")
        raise BundleError(f"{path}: {shown} has {member.size:,} bytes, its list says {listed}")
    if name.endswith(".json") and member.size > SMALL_BYTES:
        raise BundleError(f"{path}: {shown} has {member.size:,} bytes, too many for such a file")
    return name


def _extract(
    path: Path,
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    target: Path | None,
) -> str:
    """Return the checksum of a member; write it to ``target``, if there is one."""
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    assert source is not None  # it is a plain file
    checksum = hashlib.sha256()
    left = member.size
    with source, _writer(target) as file:
        while left:
            data = source.read(min(CHUNK, left))
            if not data:
                raise BundleError(f"{path}: truncated in {member.name}; copy it again")
            checksum.update(data)
            file.write(data)
            left -= len(data)
    return checksum.hexdigest()


@contextmanager
def _writer(target: Path | None) -> Iterator[Any]:
    """The file to write to; without a target, what is written is dropped."""
    if target is None:
        yield _Dropped()
        return
    with target.open("xb") as file:
        yield file


class _Dropped:
    def write(self, data: bytes) -> int:
        return len(data)


def _content(
    path: Path,
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    limit: int,
) -> bytes:
    if not member.isreg() or member.issparse() or member.size > limit:
        raise BundleError(f"{path}: {member.name} has {member.size:,} bytes or is not a plain file")
    source = archive.extractfile(member)
    assert source is not None  # it is a plain file
    with source:
        return b"".join(iter(lambda: source.read(CHUNK), b""))


def _expected_sums(
    path: Path,
    text: bytes,
) -> dict[str, str]:
    """Member -> checksum, as the bundle's end lists them."""
    sums = {}
    for line in text.decode("utf-8").splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})  (\S+)", line)
        if match is None:
            raise BundleError(f"{path}: {SUMS} is not a list of checksums")
        sums[match[2]] = match[1]
    return sums


def _compare(
    path: Path,
    sums: dict[str, str],
    expected: dict[str, str],
    sizes: dict[str, int],
) -> None:
    for name, checksum in sums.items():
        if expected.get(name) != checksum:
            raise BundleError(
                f"{path}: {name} is not what was exported (checksum differs); copy the bundle again"
            )
    missing = sorted((sizes.keys() | expected.keys()) - sums.keys())
    if missing:
        raise BundleError(f"{path}: {missing[0]!r} is listed but missing; copy the bundle again")
