"""Data sets: one file each, found by its name. ``dataset("dsprites")`` opens one, and makes its file if there is none."""

import sys
from pathlib import Path

from facsimile import discover
from facsimile.datasets._base import Dataset, Kind
from facsimile.datasets._file import DatasetError
from facsimile.datasets._stored import Stored
from facsimile.paths import Paths

__all__ = ["Dataset", "DatasetError", "Kind", "Stored", "dataset"]


def dataset(name: str, path: Path | None = None) -> Dataset:
    """Open a data set by name, making its file first if it is absent; ``path`` is the file, ``results/data/<name>.h5`` if None.

    Raises UnknownName for a name that no file of ``facsimile/datasets`` carries, DatasetError for a truncated or altered file.
    """
    found: type[Stored] = discover.the_class("datasets", name, Stored)
    file = path or Paths(Path("results")).dataset(name)
    if not file.exists():
        print(f"{file}: absent; making the data set {name}", file=sys.stderr)
        found.make(file)
    return found.open(file)
