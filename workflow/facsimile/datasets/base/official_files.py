"""Finds the official files that a data set is made from, and downloads those that are missing."""

import os
import sys
from pathlib import Path

from facsimile.datasets.base import download, progress
from facsimile.datasets.base.file import DatasetError, Facts
from facsimile.datasets.base.official import Official
from facsimile.foundation import canonical

DATA_DIR = "FACSIMILE_DATA_DIR"  # the environment variable that names the folder of official files


class OfficialFiles:
    """The part of a data set class that finds its official files; use ``Archived`` and the like.

    A subclass sets ``files``, and reads the paths that ``downloaded`` returns.

    The data set's facts then contain ``origin``, which is ``official`` if every file had its
    published checksum and ``unverified`` otherwise, and ``source_sha256``, the checksums of the
    files that were read, as canonical JSON: file name -> sha256.
    """

    name: str
    files: tuple[Official, ...]

    @classmethod
    def source_folder(cls, path: Path, source: Path | None) -> Path:
        """Where to read the official files: ``source``, or a folder with all of them if None.

        That folder is the one that the environment variable FACSIMILE_DATA_DIR names, by default
        ``downloads`` beside ``path``. Files that are missing there are downloaded into it.
        """
        if source is not None:
            return source
        folder = os.environ.get(DATA_DIR) or path.parent / "downloads"
        return cls.fetch(Path(folder))

    @classmethod
    def fetch(cls, folder: Path) -> Path:
        """Download the official files that are missing in a folder, and return the folder."""
        for official in cls.files:
            if cls._find(official, folder) is None:
                target = folder / official.name
                print(f"{target}: missing; downloading it", file=sys.stderr, flush=True)
                report = progress.lines(official.name, "MB", 10**6)
                download.fetch(official, folder, report)
        return folder

    @classmethod
    def downloaded(cls, source: Path | None) -> dict[str, Path]:
        """File name -> path of each official file.

        ``source``: the folder that holds them or, for a data set of one file, the file itself.

        Raises DatasetError if a file is missing; the message says where to get it.
        """
        if source is None:
            raise DatasetError(
                f"the data set {cls.name} is made from official files; "
                "give one, or the folder that holds them"
            )
        if not source.exists():
            raise DatasetError(
                f"{source}: there is no such file or folder; "
                f"leave the source out to have {cls.name} downloaded"
            )
        if not source.is_dir():
            if len(cls.files) > 1:
                raise DatasetError(
                    f"{source}: {cls.name} is made from {len(cls.files)} files; "
                    "give the folder that holds them"
                )
            return {cls.files[0].name: source}
        # All missing files are reported at once.
        paths = {}
        missing = []
        for official in cls.files:
            path = cls._find(official, source)
            if path is None:
                missing.append(f"{official.name} from {official.addresses[0]}")
            else:
                paths[official.name] = path
        if missing:
            raise DatasetError(
                f"{source}: {cls.name} also needs {'; '.join(missing)}; "
                "put it there, or leave the source out"
            )
        return paths

    @classmethod
    def origin(cls, source: Path | None) -> Facts:
        """Facts to record in the file: ``official`` or ``unverified``, and each file's sha256.

        Raises DatasetError for a file that does not have its published checksum.
        """
        paths = cls.downloaded(source)
        checksums = {}
        verified = True
        for official in cls.files:
            path = paths[official.name]
            checksums[official.name] = official.sha256(path)
            verified = verified and official.has_checksum(path)
        return {
            "origin": "official" if verified else "unverified",
            "source_sha256": canonical.dumps(checksums),
        }

    @classmethod
    def _find(cls, official: Official, folder: Path) -> Path | None:
        """Path of an official file in a folder, or in its subfolder named like the data set."""
        for subfolder in (folder, folder / cls.name):
            for name in official.names:
                if (subfolder / name).exists():
                    return subfolder / name
        return None
