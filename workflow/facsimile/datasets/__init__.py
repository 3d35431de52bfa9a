"""Data sets: one file each, found by its name. ``dataset("dsprites")`` opens one, and makes its file if there is none."""

import sys
from abc import ABC
from pathlib import Path

import numpy as np

from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.dataset import Dataset, Kind
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.stored import Stored
from facsimile.foundation import discover
from facsimile.foundation.paths import Paths

__all__ = [
    "Arrays",
    "Data",
    "DataFile",
    "Dataset",
    "DatasetError",
    "Kind",
    "Stored",
    "dataset",
    "grid",
    "make",
    "of_images",
]

Data = (
    Dataset | Arrays
)  # what a model is trained on: images on a grid of factors, or arrays by name


class DataFile(ABC):  # noqa: B024 (it only names what has been registered)
    """What a file of this folder must define: a subclass of ``Stored`` or of ``Arrays``."""


DataFile.register(Stored)  # type: ignore[type-abstract]
DataFile.register(Arrays)  # type: ignore[type-abstract]


def dataset(name: str, path: Path | None = None) -> Stored | Arrays:
    """Open a data set by name, making its file first if it is absent; ``path`` is the file, ``results/data/<name>.h5`` if None.

    Raises UnknownName for a name that no file of ``facsimile/datasets`` carries, DatasetError for a truncated or altered file.
    """
    file = path or Paths(Path("results")).dataset(name)
    if not file.exists():
        print(f"{file}: absent; making the data set {name}", file=sys.stderr)
        make(name, file)
    return _class(name).open(file)


def make(name: str, path: Path, source: Path | None = None, data_dir: Path | None = None) -> None:
    """Write a data set's file, whole or not at all; ``source`` is its official archive, or a folder of its official files.

    Without a source, a data set that cannot be generated looks for them in ``data_dir`` (if None, ``_official_files.py`` says
    where) and downloads those that are absent into it.
    """
    found = _class(name)
    # By its name, so that a generated data set's code, which is recorded with every run, does not include the downloader's.
    fetch = getattr(found, "fetch", None)
    found.make(path, fetch(data_dir) if fetch and data_dir and source is None else source)


def grid(name: str) -> Data:
    """A data set without its images or arrays, for those who need only ``len`` and, of a grid, its factors; reads no file."""
    found = _class(name)
    if issubclass(found, Arrays):
        return found({}, {})
    return found(np.empty((0, *(found.row_shape or found.image_shape)), np.uint8), {})


def of_images(data: Data) -> Dataset:
    """The data set, if it is one of images; raises ValueError for one of arrays."""
    if isinstance(data, Arrays):
        raise ValueError(
            f"{data.name} is a data set of arrays ({', '.join(data.shapes)}), not of images; pair it with another"
        )
    return data


def _class(name: str) -> type[Stored] | type[Arrays]:
    found: type[Stored] | type[Arrays] = discover.the_class("datasets", name, DataFile)
    return found
