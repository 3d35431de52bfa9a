"""Base class of data sets that are not a grid of images: named arrays with one row per observation.

All arrays of a data set are kept in one HDF5 file and read into memory.
"""

import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base import file as base_file
from facsimile.datasets.base.dataset import Integers
from facsimile.datasets.base.file import DatasetError, Facts, Progress
from facsimile.foundation import canonical, discover, hdf5

Array = npt.NDArray[Any]
Named = Mapping[str, Array]


class Arrays(ABC):
    """Named arrays that all have one row per observation.

    A subclass must

    - set ``name``, ``rows`` (number of observations), ``licence``, ``source`` and ``shapes``
      (name of each array -> shape of one row), and
    - implement ``generate``, which returns the arrays.

    Arrays are float32 or int64. An array uint8 [n, height, width, channels] holds images; models
    are given these divided by 255, with the channels first. An array ``factors``, int64 [n, k],
    each factor counted from 0, is what metrics of codes and factors use. The observation that a
    probabilistic program is conditioned on is a data set, too: one with a single row.

    It may override ``origin``, if it can be made from an official file (see ``ArchivedArrays``),
    and ``training_rows``, if models are tested on rows that they are not trained on (see
    ``SupervisedTable``).

    Example, in ``datasets/line.py``::

        class Line(Arrays):  # points (x, y) near a line
            name = "line"
            rows = 100
            shapes = {"x": (), "y": ()}
            licence = "none needed: generated"
            source = "our own"

            @classmethod
            def generate(cls, source):
                random = np.random.Generator(np.random.Philox(key=0))
                x, noise = random.normal(size=(2, cls.rows))
                return {"x": x.astype(np.float32), "y": (2 * x + noise).astype(np.float32)}

        facsimile.dataset("line").arrays(slice(0, 10))["x"]  # float32 [10]
    """

    name: str
    rows: int
    shapes: ClassVar[Mapping[str, tuple[int, ...]]]
    licence: str
    source: str
    stochastic: bool = False
    facts: Facts

    def __init__(self, arrays: Named, facts: Facts) -> None:
        self._arrays = arrays
        self.facts = facts

    @classmethod
    @abstractmethod
    def generate(cls, source: Path | None) -> dict[str, Array]:
        """Return all arrays by name, each [rows, *shape].

        ``source`` is the official file, or None if the arrays are to be generated.
        """

    @classmethod
    def make(
        cls,
        path: Path,
        source: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Write the data set's file, whole or not at all.

        ``source``: the official file to make it from, if the data set supports one.

        Raises DatasetError for a source that is not the official file, or if ``generate`` does not
        return arrays of the declared shapes.
        """
        arrays = cls.generate(source)
        cls._check_shapes(arrays, path)
        # Only the declared arrays, in the declared order, which the checksum depends on.
        arrays = {name: arrays[name] for name in cls.shapes}
        with hdf5.writing(path, libver="v110") as file:
            for name, values in arrays.items():
                file.create_dataset(name, data=values, **_storage_options(values))
            facts = cls._identity() | cls.origin(source)
            checksum = _checksum(facts, arrays).hexdigest()
            file.attrs.update({**facts, "sha256": checksum})

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the data set's file into memory.

        Raises DatasetError if the file is missing, truncated, altered or of another data set.
        """
        max_bytes = {}
        for name, shape in cls.shapes.items():
            # The largest type, int64, has 8 bytes.
            max_bytes[name] = 8 * cls.rows * math.prod(shape)
        arrays, facts = _read(path, max_bytes)
        identity = cls._identity()
        base_file.check_identity(cls.name, identity, facts, path)
        return cls(arrays, facts)

    @classmethod
    def origin(cls, source: Path | None) -> Facts:
        """Facts to record in the file about where the numbers come from.

        By default the numbers are generated, and a source raises DatasetError.
        """
        if source is not None:
            raise DatasetError(
                f"{source}: the data set {cls.name} is generated and takes no source; leave it out"
            )
        return {"origin": "generated"}

    def __len__(self) -> int:
        """Number of rows."""
        return self.rows

    @classmethod
    def training_rows(cls) -> int:
        """Number of rows that batches are drawn from: the first so many; by default all."""
        return cls.rows

    def arrays(self, indices: Integers | slice) -> dict[str, Array]:
        """All arrays by name, at the given rows; raises IndexError for a row out of range."""
        return {name: values[indices] for name, values in self._arrays.items()}

    def factors(self, indices: Integers) -> Integers:
        """The array ``factors`` at the given rows, int64 [n, k].

        Raises UnknownName if the data set has no such array.
        """
        if "factors" not in self.shapes:
            raise discover.UnknownName(f"array of {self.name}", "factors", list(self.shapes))
        values = self._arrays["factors"][indices]
        return np.asarray(values, np.int64)

    def subgrid(self, strides: Mapping[str, int]) -> Self:
        """The data set itself; raises ValueError if there are strides, which need a grid."""
        if strides:
            raise ValueError(
                f"{self.name}: its rows are not a grid of factors; "
                "leave it out of the scale's subgrid"
            )
        return self

    @classmethod
    def _check_shapes(cls, arrays: Named, path: Path) -> None:
        """Raise DatasetError unless ``generate`` returned arrays of the declared shapes."""
        for name, shape in cls.shapes.items():
            expected = (cls.rows, *shape)
            actual = arrays[name].shape if name in arrays else "missing"
            if actual != expected:
                raise DatasetError(
                    f"{path}: {cls.name} declares {name} as {list(expected)}, "
                    f"but generate returned it as {actual}"
                )

    @classmethod
    def _identity(cls) -> Facts:
        """Facts by which a file of this data set is recognised."""
        shapes = {name: [cls.rows, *shape] for name, shape in cls.shapes.items()}
        return {
            "dataset": cls.name,
            "arrays": json.dumps(shapes),
        }


def _storage_options(values: Array) -> dict[str, Any]:
    """Options of h5py for storing an array.

    Images are compressed: drawn ones shrink fifty times at the cost of a second.
    """
    if values.dtype != np.uint8:
        return {}
    chunk_rows = min(32, len(values))
    return {
        "compression": "gzip",
        "compression_opts": 1,
        "chunks": (chunk_rows, *values.shape[1:]),
    }


def _read(
    path: Path,
    max_bytes: Mapping[str, int],
) -> tuple[dict[str, Array], Facts]:
    """Read the arrays and attributes of a file.

    ``max_bytes``: name -> the most bytes that the array may have. The size of the file does not
    bound it, as images are compressed.
    """
    with base_file.reading(path) as file:
        facts = base_file.attributes(file)
        arrays = {}
        for name, size in max_bytes.items():
            arrays[name] = hdf5.array(file, name, size)
        recorded = facts.pop("sha256")
    base_file.check_checksum(path, _checksum(facts, arrays), recorded)
    return arrays, facts


def _checksum(facts: Facts, arrays: Named) -> "hashlib._Hash":
    """Checksum of the facts, and of name, type, shape and values of each array."""
    checksum = hashlib.sha256(canonical.dumps(facts).encode())
    for name, values in arrays.items():
        dtype, shape = str(values.dtype), list(values.shape)
        header = canonical.dumps([name, dtype, shape])
        checksum.update(header.encode())
        checksum.update(np.ascontiguousarray(values).data)
    return checksum
