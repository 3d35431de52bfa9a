"""Official files that have another checksum than the published one, and are meant all the same.

Authors replace archives, or a file was saved again. Whoever knows that lists the data set under
``unverified`` in the configuration. The data set's file, and so the record of every run, then says
``origin: unverified`` and holds the sha256 of what was read.

No data set imports this module: it is no part of the code that is recorded with runs.
"""

import dataclasses
from pathlib import Path
from typing import Any

from facsimile import datasets
from facsimile.datasets import DataFile, DatasetError
from facsimile.datasets.base.official_files import OfficialFiles
from facsimile.foundation import discover

DIFFERS = "that of the official"
"""Part of the message about a file that does not have its published checksum."""


def make(
    name: str,
    path: Path,
    source: Path | None = None,
    data_dir: Path | None = None,
) -> None:
    """Write a data set's file from official files of any checksum; see ``datasets.make``.

    Raises DatasetError if the data set is made from no official files, or if they do not have the
    arrays of the data set.
    """
    data_class = discover.load_class("datasets", name, DataFile)
    if not getattr(data_class, "files", ()):
        raise DatasetError(
            f"the data set {name} is made from no official files; leave it out of 'unverified'"
        )
    datasets.write(without_checksums(data_class), path, source, data_dir)


def without_checksums(data_class: Any) -> type[OfficialFiles]:
    """The class of a data set made from official files, as if no checksum were published."""
    unknown: dict[str, Any] = {
        "size": None,
        "checksum": "",
        "checksum_from": "",
        "unpacked_checksum": "",
    }
    unchecked = [dataclasses.replace(official, **unknown) for official in data_class.files]
    members = {
        "__doc__": data_class.__doc__,
        "__module__": data_class.__module__,
        "files": tuple(unchecked),
    }
    return type(data_class)(data_class.__name__, (data_class,), members)


def with_remedy(error: DatasetError, name: str) -> DatasetError:
    """The same error; about a wrong checksum, it also says how to use the file all the same."""
    if DIFFERS not in str(error):
        return error
    return DatasetError(
        f"{error}. If this file is meant, for example because the authors replaced theirs, set "
        f"unverified: [{name}] in the configuration (--set 'unverified=[{name}]'); "
        "every run then records that its data are unverified"
    )
