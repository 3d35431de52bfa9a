"""Base classes of data sets that are made from official files, which are downloaded if needed."""

from pathlib import Path

from facsimile.datasets.base import progress as base_progress
from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.file import Progress
from facsimile.datasets.base.official_files import OfficialFiles
from facsimile.datasets.base.stored import Stored


class Archived(OfficialFiles, Stored):
    """Images that are made from official files.

    A subclass sets ``files`` (see ``OfficialFiles``) besides the class attributes of ``Stored``,
    and reads the files in ``blocks``. ``downloaded(source)`` returns their paths::

        class Photographs(Archived):
            files = (
                Official(
                    "photographs.npz",
                    ("https://example.org/photographs.npz",),
                    checksum="sha256:…",
                    checksum_from="the authors' page",
                ),
            )

            @classmethod
            def blocks(cls, source):
                [path] = cls.downloaded(source).values()
                ...
    """

    @classmethod
    def make(
        cls,
        path: Path,
        source: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Write the data set's file, whole or not at all.

        ``source``: the official file, or a folder that holds all of them. If None, the files are
        taken from the folder that ``source_folder`` describes, and missing ones are downloaded
        into it. ``progress`` is called with (images done, images in total); by default, progress
        is printed on stderr.

        Raises DatasetError if a file is missing, cannot be downloaded or is not the official one.
        """
        progress = progress or base_progress.lines(f"{cls.name}: written", "rows")
        folder = cls.source_folder(path, source)
        cls._write(path, folder, progress)

    @classmethod
    def _write(cls, path: Path, source: Path, progress: Progress) -> None:
        super().make(path, source, progress)


class ArchivedArrays(OfficialFiles, Arrays):
    """Arrays that are made from official files.

    A subclass sets ``files`` (see ``OfficialFiles``) besides the class attributes of ``Arrays``,
    and reads the files in ``generate``. ``downloaded(source)`` returns their paths.
    """

    @classmethod
    def make(
        cls,
        path: Path,
        source: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Write the data set's file, whole or not at all.

        ``source``: the official file, or a folder that holds all of them. If None, the files are
        taken from the folder that ``source_folder`` describes, and missing ones are downloaded
        into it.

        Raises DatasetError if a file is missing, cannot be downloaded or is not the official one.
        """
        folder = cls.source_folder(path, source)
        super().make(path, folder, progress)
