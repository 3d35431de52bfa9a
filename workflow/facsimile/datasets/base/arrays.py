"""A data set that is no grid of images: named arrays with one row an observation, in one HDF5 file."""

import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.dataset import Integers
from facsimile.datasets.base.file import DatasetError, Progress, of, reading, same
from facsimile.foundation import canonical, discover, hdf5

Named = Mapping[str, npt.NDArray[Any]]


class Arrays(ABC):
    """Rows of named arrays; a subclass states its attributes and writes ``generate``.

    ``shapes``: name -> shape of one row. Numbers are float32 or int64; uint8 arrays [n, h, w, c] are images, which models see
    divided by 255, channels first. An observation of a probabilistic program is a data set, too: of one row. An array
    ``factors``, int64 [n, k] from 0, is what metrics of codes and factors ask for.
    """

    name: str
    rows: int
    shapes: ClassVar[Mapping[str, tuple[int, ...]]]
    licence: str
    source: str
    stochastic: bool = False
    facts: dict[str, str]

    def __init__(self, arrays: Named, facts: dict[str, str]) -> None:
        self._arrays, self.facts = arrays, facts

    @classmethod
    @abstractmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        """All arrays, each [rows, *shape]; ``source`` is the official file, where the data set knows one."""

    @classmethod
    def make(cls, path: Path, source: Path | None = None, progress: Progress | None = None) -> None:
        """Write the data set's file, whole or not at all; raises DatasetError for a source that it does not know."""
        arrays = cls.generate(source)
        for name, shape in cls.shapes.items():
            found = arrays[name].shape if name in arrays else "absent"
            if found != (cls.rows, *shape):
                raise DatasetError(
                    f"{path}: {cls.name} states {name} as {[cls.rows, *shape]}, but made it {found}"
                )
        with hdf5.writing(path, libver="v110") as file:
            for name in cls.shapes:
                file.create_dataset(name, data=arrays[name], **_packing(arrays[name]))
            facts = cls._identity() | cls.origin(source)
            file.attrs.update(
                {
                    **facts,
                    "sha256": _checksum(
                        facts, {name: arrays[name] for name in cls.shapes}
                    ).hexdigest(),
                }
            )

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a data set's file into memory; raises DatasetError if it is absent, truncated, altered or another data set's."""
        arrays, facts = _read(
            path, {name: 8 * cls.rows * math.prod(shape) for name, shape in cls.shapes.items()}
        )
        of(cls.name, cls._identity(), facts, path)
        return cls(arrays, facts)

    @classmethod
    def origin(cls, source: Path | None) -> dict[str, str]:
        """What the file shall say of where its numbers come from; refuses a source, as most are made from nothing."""
        if source is not None:
            raise DatasetError(
                f"{source}: the data set {cls.name} is generated and takes no source; leave it out"
            )
        return {"origin": "generated"}

    def __len__(self) -> int:
        """How many rows there are."""
        return self.rows

    def arrays(self, indices: Integers | slice) -> dict[str, npt.NDArray[Any]]:
        """The named arrays of the given rows; raises IndexError for a row that is not there."""
        return {name: values[indices] for name, values in self._arrays.items()}

    def factors(self, indices: Integers) -> Integers:
        """The array ``factors`` [n, k] of the given rows; raises UnknownName where there is none."""
        if "factors" not in self.shapes:
            raise discover.UnknownName(f"array of {self.name}", "factors", list(self.shapes))
        return np.asarray(self._arrays["factors"][indices], np.int64)

    def subgrid(self, strides: Mapping[str, int]) -> Self:
        """Itself; raises ValueError for strides, as rows are no grid of factors."""
        if strides:
            raise ValueError(
                f"{self.name}: its rows are no grid of factors; leave it out of the scale's subgrid"
            )
        return self

    @classmethod
    def _identity(cls) -> dict[str, str]:
        shapes = {name: [cls.rows, *shape] for name, shape in cls.shapes.items()}
        return {"dataset": cls.name, "arrays": json.dumps(shapes)}


def _packing(values: npt.NDArray[Any]) -> dict[str, Any]:
    """How an array is stored: images compressed, as drawn ones shrink fifty times at the cost of a second."""
    if values.dtype != np.uint8:
        return {}
    return {
        "compression": "gzip",
        "compression_opts": 1,
        "chunks": (min(32, len(values)), *values.shape[1:]),
    }


def _read(
    path: Path, most: Mapping[str, int]
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """The arrays and attributes of a file; ``most``: bytes that each array may have, as images are compressed."""
    with reading(path) as file:
        facts = {key: str(value) for key, value in file.attrs.items()}
        arrays = {name: hdf5.array(file, name, size) for name, size in most.items()}
        stated = facts.pop("sha256")
    same(path, _checksum(facts, arrays), stated)
    return arrays, facts


def _checksum(facts: Mapping[str, str], arrays: Named) -> "hashlib._Hash":
    checksum = hashlib.sha256(canonical.dumps(dict(facts)).encode())
    for name, values in arrays.items():
        checksum.update(canonical.dumps([name, str(values.dtype), list(values.shape)]).encode())
        checksum.update(np.ascontiguousarray(values).data)
    return checksum
