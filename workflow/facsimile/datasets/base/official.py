"""An official file: where its authors offer it, how large it is, and the checksum by which it is known."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from facsimile.datasets.base.file import DatasetError

BLOCK = 2**20


@dataclass(frozen=True)
class Official:
    """One file of a data set's authors.

    ``addresses`` begin with the authors' own; the others are mirrors. ``checksum`` is ``sha256:…`` or ``md5:…``, and
    ``checksum_from`` says who published it; where nobody has, both are empty and the sha256 of what was read is recorded.
    """

    name: str
    addresses: tuple[str, ...]
    size: int | None = None
    checksum: str = ""
    checksum_from: str = ""
    unpacked: str = ""  # its name once it is unpacked, if that form is read, too
    unpacked_checksum: str = (
        ""  # of that form, by the same who published the other; mostly nobody has
    )

    @property
    def names(self) -> tuple[str, ...]:
        """Under which names it may lie in a folder."""
        return (self.name, self.unpacked) if self.unpacked else (self.name,)

    def knows(self, path: Path) -> bool:
        """Whether there is a published checksum to compare this file with."""
        return bool(self._stated(path))

    def sha256(self, path: Path) -> str:
        """The sha256 of a file, which must have the published checksum, if there is one; DatasetError names it and a remedy."""
        algorithm, _, stated = (self._stated(path) or "sha256").partition(":")
        found = _digests(path, {"sha256", algorithm})
        if stated and found[algorithm] != stated:
            raise DatasetError(
                f"{path}: truncated, altered or another file: its {algorithm} is {found[algorithm]}, that of the official "
                f"{self.name} is {stated} ({self.checksum_from}); remove it and download it again"
            )
        return found["sha256"]

    def _stated(self, path: Path) -> str:
        return self.unpacked_checksum if path.name == self.unpacked else self.checksum


def _digests(path: Path, algorithms: set[str]) -> dict[str, str]:
    """Several checksums of a file that is read once."""
    sums = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            for checksum in sums.values():
                checksum.update(block)
    return {name: checksum.hexdigest() for name, checksum in sums.items()}
