"""Base class of data sets of images that fit into memory, kept in one HDF5 file."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np

from facsimile.datasets.base import file
from facsimile.datasets.base.dataset import Dataset, Images, Integers
from facsimile.datasets.base.file import DatasetError, Facts, Progress, Rows


class Stored(Dataset):
    """Images on a grid of factors, generated once and then read from one file into memory.

    The file has one row of bytes per image. A row usually is the image itself; it can be any
    compact form from which ``decode`` makes the image, for example packed bits.

    A subclass must

    - set the class attributes of ``Dataset`` (``name``, ``factor_names``, ``factor_sizes``,
      ``factor_kinds``, ``image_shape``, ``licence``, ``source``), and
    - implement ``blocks``, which generates the rows.

    It may

    - set ``row_shape`` (shape of a row, uint8) and override ``decode``, if a row is not an image,
    - override ``values``, which says what the factor values stand for,
    - override ``origin``, if it can be made from an official file.

    The attribute ``facts`` of an opened data set holds what its file records about it, among
    others its ``origin``.

    Example, in ``datasets/bars.py``::

        class Bars(Stored):  # a white vertical bar, in 2 widths and at 8 positions
            name = "bars"
            factor_names = ("width", "x_position")
            factor_sizes = (2, 8)
            factor_kinds = ("ordinal", "ordinal")
            image_shape = (64, 64, 1)
            licence = "MIT"
            source = "generated"

            @classmethod
            def blocks(cls, source):
                for width, position in np.ndindex(cls.factor_sizes):
                    image = np.zeros((1, 64, 64, 1), np.uint8)
                    image[:, :, 8 * position : 8 * position + 3 * (width + 1)] = 255
                    yield image
    """

    row_shape: tuple[int, ...] | None = None  # None: a row is an image
    facts: Facts

    def __init__(self, rows: Rows, facts: Facts) -> None:
        self._rows = rows
        self.facts = facts

    @classmethod
    def make(
        cls,
        path: Path,
        source: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Write the data set's file, whole or not at all.

        ``source``: the official file to make it from, if the data set supports one.
        ``progress`` is called with (images done, images in total).

        Raises DatasetError for a source that is not the official file.
        """
        count = int(np.prod(cls.factor_sizes))
        row_shape = cls.row_shape or cls.image_shape
        facts = cls._identity() | cls.origin(source)
        file.write(path, (count, *row_shape), cls.blocks(source), facts, progress)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the data set's file into memory.

        Raises DatasetError if the file is missing, truncated, altered or of another data set.
        """
        rows, facts = file.read(path)
        identity = cls._identity()
        file.check_identity(cls.name, identity, facts, path)
        return cls(rows, facts)

    @classmethod
    def origin(cls, source: Path | None) -> Facts:
        """Facts to record in the file about where the images come from.

        By default the images are generated, and a source raises DatasetError.
        """
        if source is not None:
            raise DatasetError(
                f"{source}: the data set {cls.name} is generated and takes no source; leave it out"
            )
        return {"origin": "generated"}

    @classmethod
    @abstractmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield all rows in order, in blocks uint8 [m, *row_shape].

        A block may have any number of rows that fits into memory. ``source`` is the official file,
        or None if the images are to be generated.
        """

    def decode(self, rows: Rows) -> Images:
        """Images uint8 [n, height, width, channels] from rows uint8 [n, *row_shape]."""
        return rows

    # Indexing by an array copies the rows, so callers may change the images that they get.
    def _images(
        self,
        indices: Integers,
        rng: np.random.Generator | None,
    ) -> Images:
        return self.decode(self._rows[indices])

    @classmethod
    def _identity(cls) -> Facts:
        """Facts by which a file of this data set is recognised."""
        return {
            "dataset": cls.name,
            "factor_names": json.dumps(cls.factor_names),
            "factor_sizes": json.dumps(cls.factor_sizes),
            "image_shape": json.dumps(cls.image_shape),
        }
