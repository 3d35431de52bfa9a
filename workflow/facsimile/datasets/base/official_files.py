"""What is made from its authors' files: found where the user has them, or downloaded, and known by their checksum."""

import os
import sys
from pathlib import Path

from facsimile.datasets.base import download, progress
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.official import Official
from facsimile.foundation import canonical

DATA_DIR = "FACSIMILE_DATA_DIR"  # the environment variable that names the folder of official files


class OfficialFiles:
    """The part of a data set that states ``files``; ``located`` says at which paths they lie.

    ``origin`` is ``official`` if every file had its published checksum, else ``unverified``; the checksums of what was read are
    ``source_sha256``, canonical JSON of file name -> sha256.
    """

    name: str
    files: tuple[Official, ...]

    @classmethod
    def there(cls, path: Path, source: Path | None) -> Path:
        """The source; without one the folder that FACSIMILE_DATA_DIR names, by default ``downloads`` beside ``path``.

        What that folder lacks is downloaded into it.
        """
        return (
            cls.fetch(Path(os.environ.get(DATA_DIR) or path.parent / "downloads"))
            if source is None
            else source
        )

    @classmethod
    def fetch(cls, folder: Path) -> Path:
        """Download what a folder lacks of the official files, and answer the folder."""
        for official in cls.files:
            if cls._find(official, folder) is None:
                print(
                    f"{folder / official.name}: absent; downloading it", file=sys.stderr, flush=True
                )
                download.fetch(official, folder, progress.lines(official.name, "MB", 10**6))
        return folder

    @classmethod
    def located(cls, source: Path | None) -> dict[str, Path]:
        """File name -> path of each official file; raises DatasetError that says what is missing, and where it is offered."""
        if source is None:
            raise DatasetError(
                f"the data set {cls.name} is made from official files; give one, or the folder that holds them"
            )
        if not source.exists():
            raise DatasetError(
                f"{source}: there is no such file or folder; leave the source out to have {cls.name} downloaded"
            )
        if not source.is_dir():
            if len(cls.files) > 1:
                raise DatasetError(
                    f"{source}: {cls.name} is made from {len(cls.files)} files; give the folder that holds them"
                )
            return {cls.files[0].name: source}
        found = {official.name: cls._find(official, source) for official in cls.files}
        if missing := [official for official in cls.files if found[official.name] is None]:
            offered = "; ".join(
                f"{official.name} from {official.addresses[0]}" for official in missing
            )
            raise DatasetError(
                f"{source}: {cls.name} also needs {offered}; put it there, or leave the source out"
            )
        return {name: path for name, path in found.items() if path is not None}

    @classmethod
    def origin(cls, source: Path | None) -> dict[str, str]:
        """``official`` or ``unverified``, and the sha256 of each file; refuses one that has not its published checksum."""
        paths = cls.located(source)
        sums = {official.name: official.sha256(paths[official.name]) for official in cls.files}
        known = all(official.knows(paths[official.name]) for official in cls.files)
        return {
            "origin": "official" if known else "unverified",
            "source_sha256": canonical.dumps(sums),
        }

    @classmethod
    def _find(cls, official: Official, folder: Path) -> Path | None:
        """Where a folder holds an official file: in itself, or in a folder of it that bears the data set's name."""
        places = (
            folder / name
            for place in ("", cls.name)
            for name in (Path(place) / n for n in official.names)
        )
        return next((path for path in places if path.exists()), None)
