"""Data sets, each in one file and found by its name: ``dataset("dsprites")`` opens one.

The files of this folder and of ``papers/<id>/datasets`` define one data set each, or a family of
data sets that differ in a few class attributes (``MEMBERS``). A data set's numbers are generated,
or read from official files, once; they are then kept in one HDF5 file.
"""

import sys
from abc import ABC
from pathlib import Path
from typing import Any

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

# What a model is trained on: images on a grid of factors, or named arrays.
Data = Dataset | Arrays


class DataFile(ABC):  # noqa: B024 (registered classes take the place of abstract methods)
    """What a file of a data set must define: a subclass of ``Stored`` or of ``Arrays``."""


DataFile.register(Stored)  # type: ignore[type-abstract]
DataFile.register(Arrays)  # type: ignore[type-abstract]


def dataset(name: str, path: Path | None = None) -> Stored | Arrays:
    """Open a data set, and make its file first if there is none.

    - ``name``: the data set's name, for example ``"dsprites"``.
    - ``path``: its file. By default ``results/data/<name>.h5``.

    Returns a data set of images on a grid of factors (``Dataset``), or one of named arrays
    (``Arrays``).

    Raises UnknownName for a name that no data set has, and DatasetError if the file is truncated
    or altered, or cannot be made.

    Example::

        data = facsimile.dataset("dsprites")
        images = data.images([0, 1, 2])    # uint8 [3, 64, 64, 1], from 0 to 255
        factors = data.factors([0, 1, 2])  # int64 [3, 5], each factor counted from 0

        data = facsimile.dataset("mnist")
        batch = data.arrays(slice(0, 10))  # {"images": [10, 28, 28, 1], "labels": [10]}
    """
    file = path or Paths(Path("results")).dataset(name)
    if not file.exists():
        print(f"{file}: missing; making the data set {name}", file=sys.stderr)
        make(name, file)
    return _class(name).open(file)


def make(
    name: str,
    path: Path,
    source: Path | None = None,
    data_dir: Path | None = None,
) -> None:
    """Write a data set's file, whole or not at all.

    - ``name``: the data set's name.
    - ``path``: the file to write.
    - ``source``: the official file that it is made from, or a folder with all of its official
      files. If None, a data set that can be generated is generated. Any other takes its official
      files from ``data_dir``, and downloads missing ones into it.
    - ``data_dir``: the folder of official files. If None, it is the folder that the environment
      variable FACSIMILE_DATA_DIR names, by default ``downloads`` beside ``path``.

    Raises UnknownName for a name that no data set has, and DatasetError for a source that is
    missing, cannot be downloaded or is not the official one.
    """
    write(_class(name), path, source, data_dir)


def write(
    data_class: Any,
    path: Path,
    source: Path | None = None,
    data_dir: Path | None = None,
) -> None:
    """Write the file of a data set of this class; see ``make``."""
    # Found by name rather than by an isinstance check, which would import the downloader: its code
    # would then count as code of every data set, and is recorded with every run.
    fetch = getattr(data_class, "fetch", None)
    if fetch and data_dir and source is None:
        source = fetch(data_dir)
    data_class.make(path, source)


def grid(name: str) -> Data:
    """A data set without its images or arrays; reads no file.

    Enough for its length and, if it has a grid of factors, for ``factors``, ``indices``, ``values``
    and ``subgrid``. Raises UnknownName for a name that no data set has.
    """
    data_class = _class(name)
    if issubclass(data_class, Arrays):
        return data_class({}, {})
    row_shape = data_class.row_shape or data_class.image_shape
    no_rows = np.empty((0, *row_shape), np.uint8)
    return data_class(no_rows, {})


def of_images(data: Data) -> Dataset:
    """Return the data set if it is one of images; raise ValueError if it is one of arrays."""
    if isinstance(data, Arrays):
        raise ValueError(
            f"{data.name} is a data set of arrays ({', '.join(data.shapes)}), not of images; "
            "choose a data set of images for this model"
        )
    return data


def _class(name: str) -> type[Stored] | type[Arrays]:
    data_class: type[Stored] | type[Arrays] = discover.load_class("datasets", name, DataFile)
    return data_class
