"""Images, or arrays, that are made from their authors' files."""

from pathlib import Path

from facsimile.datasets.base import progress as base_progress
from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.file import Progress
from facsimile.datasets.base.official_files import OfficialFiles
from facsimile.datasets.base.stored import Stored


class Archived(OfficialFiles, Stored):
    """Images; a subclass states ``files`` and reads them in ``blocks``, where ``located`` says at which paths they lie."""

    @classmethod
    def make(cls, path: Path, source: Path | None = None, progress: Progress | None = None) -> None:
        """Write the data set's file; ``source`` is the official file, or a folder that holds all of them.

        Without a source they are looked for as ``there`` says, and those that are absent are downloaded.
        """
        cls._write(
            path,
            cls.there(path, source),
            progress or base_progress.lines(f"{cls.name}: written", "rows"),
        )

    @classmethod
    def _write(cls, path: Path, source: Path, progress: Progress) -> None:
        super().make(path, source, progress)


class ArchivedArrays(OfficialFiles, Arrays):
    """Arrays; a subclass states ``files`` and reads them in ``generate``."""

    @classmethod
    def make(cls, path: Path, source: Path | None = None, progress: Progress | None = None) -> None:
        """Write the data set's file; the source is looked for, and downloaded, as that of images is."""
        super().make(path, cls.there(path, source), progress)
