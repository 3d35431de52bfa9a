"""A data set that lies in one HDF5 file and, once opened, in memory: the class that a new data set derives from."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np

from facsimile.datasets.base import file
from facsimile.datasets.base.dataset import Dataset, Images, Integers
from facsimile.datasets.base.file import DatasetError, Progress, Rows


class Stored(Dataset):
    """Images as rows of bytes; a subclass states its attributes and writes ``blocks``, and ``decode`` if rows are no images.

    ``facts`` are what the file says of itself, among them its ``origin``.
    """

    row_shape: tuple[int, ...] | None = None  # None: a row is an image
    facts: dict[str, str]

    def __init__(self, rows: Rows, facts: dict[str, str]) -> None:
        self._rows, self.facts = rows, facts

    @classmethod
    def make(cls, path: Path, source: Path | None = None, progress: Progress | None = None) -> None:
        """Write the data set's file, whole or not at all; ``source`` is the official archive, where the data set knows one.

        ``progress`` is called with (images done, images in all). Raises DatasetError for a source that is not the official one.
        """
        shape = (int(np.prod(cls.factor_sizes)), *(cls.row_shape or cls.image_shape))
        facts = cls._identity() | cls.origin(source)
        file.write(path, shape, cls.blocks(source), facts, progress)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a data set's file into memory; raises DatasetError if it is absent, truncated, altered or another data set's."""
        rows, facts = file.read(path)
        file.of(cls.name, cls._identity(), facts, path)
        return cls(rows, facts)

    @classmethod
    def origin(cls, source: Path | None) -> dict[str, str]:
        """What the file shall say of where its images come from; refuses a source, as most data sets are made from nothing."""
        if source is not None:
            raise DatasetError(
                f"{source}: the data set {cls.name} is generated and takes no source; leave it out"
            )
        return {"origin": "generated"}

    @classmethod
    @abstractmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """All rows in order, in blocks uint8 [m, *row_shape] of any length that memory bears."""

    def decode(self, rows: Rows) -> Images:
        """Images [n, h, w, c] from rows [n, *row_shape]."""
        return rows

    def _images(self, indices: Integers, rng: np.random.Generator | None) -> Images:
        return self.decode(self._rows[indices])

    @classmethod
    def _identity(cls) -> dict[str, str]:
        return {
            "dataset": cls.name,
            "factor_names": json.dumps(cls.factor_names),
            "factor_sizes": json.dumps(cls.factor_sizes),
            "image_shape": json.dumps(cls.image_shape),
        }
