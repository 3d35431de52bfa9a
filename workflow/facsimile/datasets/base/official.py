"""An official file of a data set: its addresses, its size, and its published checksum."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from facsimile.datasets.base.file import DatasetError
from facsimile.foundation import file_kinds

BLOCK = 2**20


@dataclass(frozen=True)
class Official:
    """One file that the authors of a data set publish.

    ``name``: file name under which it is downloaded.
    ``addresses``: URLs, the authors' own first, then mirrors.
    ``size``: bytes, None if unknown.
    ``checksum``: ``sha256:…`` or ``md5:…``. Empty if nobody has published one; the sha256 of the
    file that was read is recorded all the same.
    ``checksum_from``: who published the checksum; empty without one.
    ``unpacked``: name of the file or folder after unpacking, if that form can be read, too.
    ``unpacked_checksum``: checksum of the unpacked form, from the same publisher; mostly empty.
    """

    name: str
    addresses: tuple[str, ...]
    size: int | None = None
    checksum: str = ""
    checksum_from: str = ""
    unpacked: str = ""
    unpacked_checksum: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names that the file can have in a folder: packed and, if supported, unpacked."""
        if self.unpacked:
            return (self.name, self.unpacked)
        return (self.name,)

    def has_checksum(self, path: Path) -> bool:
        """Whether there is a published checksum for the file in this form, packed or unpacked."""
        return bool(self._published(path))

    def sha256(self, path: Path) -> str:
        """The sha256 of a file.

        Raises DatasetError if there is a published checksum and the file does not have it.
        """
        checksum = self._published(path) or "sha256"
        algorithm, _, published = checksum.partition(":")
        digests = _digests(path, {"sha256", algorithm})
        if published and digests[algorithm] != published:
            raise DatasetError(
                f"{path}: truncated, altered or another file: its {algorithm} is "
                f"{digests[algorithm]}, that of the official {self.name} is {published} "
                f"({self.checksum_from}); remove it and download it again{_aside(path)}"
            )
        if aside := _aside(path):
            raise DatasetError(f"{path}: truncated, altered or not the official archive{aside}")
        return digests["sha256"]

    def _published(self, path: Path) -> str:
        return self.unpacked_checksum if path.name == self.unpacked else self.checksum


def _aside(path: Path) -> str:
    """What a file is that is in the place of another, as a clause; "" for a real file."""
    kind = file_kinds.stand_in(path)
    return f"; this is {kind}" if kind else ""


def _digests(path: Path, algorithms: set[str]) -> dict[str, str]:
    """Algorithm -> checksum of a file, which is read once."""
    # usedforsecurity: md5 recognises a file here, and works on systems that forbid it otherwise.
    checksums = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            for checksum in checksums.values():
                checksum.update(block)
    return {name: checksum.hexdigest() for name, checksum in checksums.items()}
