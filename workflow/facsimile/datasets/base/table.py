"""Tables for supervised learning: inputs, a target, and rows that are held out from training."""

import csv
import math
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Array, Arrays
from facsimile.datasets.base.file import DatasetError

Column = npt.NDArray[np.float64]
TRAINING, VALIDATION, TEST = 0, 1, 2
"""Values of the array ``part``."""


class SupervisedTable(Arrays):
    """Inputs ``x`` and a target ``y`` of each row, and the ``part`` that the row belongs to.

    The arrays are ``x``, float32 [n, inputs]; ``y``, float32 [n]; and ``part``, int64 [n], which is
    ``TRAINING``, ``VALIDATION`` or ``TEST``. Rows of one part follow each other in this order, and
    batches are drawn from those of training alone.

    A subclass must set ``shapes``, and implement ``table``. It may set ``split_seed``, which
    decides the random order of the rows before they are split; None keeps the order of the table.
    It may override ``sizes``.

    Example, in ``datasets/line.py``::

        class Line(SupervisedTable):  # y = 2 x
            name = "line"
            rows = 100
            shapes = {"x": (1,), "y": (), "part": ()}
            licence = "none needed: generated"
            source = "our own"

            @classmethod
            def table(cls, source):
                x = np.linspace(0, 1, cls.rows)
                return {"x": x[:, None], "y": 2 * x}
    """

    split_seed: ClassVar[int | None] = 0

    @classmethod
    @abstractmethod
    def table(cls, source: Path | None) -> dict[str, Array]:
        """Return all arrays but ``part``, each [rows, *shape], before they are shuffled.

        ``source`` is the official file, or None if the arrays are to be generated.
        """

    @classmethod
    def sizes(cls) -> tuple[int, int, int]:
        """Number of rows for training, validation and test.

        The default is a fifth for test, and of the others a fifth for validation.
        """
        others = cls.rows * 4 // 5
        training = others * 4 // 5
        return training, others - training, cls.rows - others

    @classmethod
    def training_rows(cls) -> int:
        """Number of rows for training, which come first."""
        return cls.sizes()[0]

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, Array]:
        order = np.arange(cls.rows)
        if cls.split_seed is not None:
            random = np.random.Generator(np.random.Philox(key=cls.split_seed))
            order = random.permutation(cls.rows)
        arrays: dict[str, Array] = {}
        for name, values in cls.table(source).items():
            if len(values) != cls.rows:
                raise DatasetError(
                    f"{source or cls.name}: {len(values)} rows of {name}, but {cls.name} has "
                    f"{cls.rows}; download the official file again"
                )
            arrays[name] = values[order].astype(np.float32)
        parts = (TRAINING, VALIDATION, TEST)
        arrays["part"] = np.repeat(parts, cls.sizes())
        return arrays


def read_columns(
    lines: Iterable[str],
    names: Sequence[str],
    what: str,
) -> dict[str, Column]:
    """Read columns of numbers from a CSV table whose first line has the names of its columns.

    Args:
        lines: the lines of the table.
        names: columns to read.
        what: the file, for error messages.

    Returns:
        float64 [n] by name; NaN stands for an empty field.

    Raises:
        DatasetError: a column is missing, or a field is not a finite number; the message names
            file, line and column.
    """
    reader = csv.reader(lines)
    header = next(reader, [])
    missing = [name for name in names if name not in header]
    if missing:
        raise DatasetError(
            f"{what}:1: no column {', '.join(missing)}; the columns are {', '.join(header)}; "
            "download the official file again"
        )
    places = {name: header.index(name) for name in names}
    values: dict[str, list[float]] = {name: [] for name in names}
    for line, fields in enumerate(reader, 2):
        if len(fields) != len(header):
            raise DatasetError(
                f"{what}:{line}: {len(fields)} fields instead of {len(header)}; the file is "
                "truncated or altered; download it again"
            )
        for name, place in places.items():
            values[name].append(_number(fields[place], f"{what}:{line}: {name}"))
    return {name: np.array(column) for name, column in values.items()}


def _number(
    text: str,
    where: str,
) -> float:
    if not text:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DatasetError(f"{where} is {text!r}, not a number; download the official file again")
    return number


def standardised(columns: Column) -> Column:
    """Return columns [n, k] with mean 0 and standard deviation 1 (that of a sample, n - 1).

    Raises:
        ValueError: a column is constant.
    """
    deviations = columns.std(axis=0, ddof=1)
    if not (deviations > 0).all():
        constant = int(np.argmin(deviations))
        raise ValueError(f"column {constant} is constant and cannot be standardised; leave it out")
    centred = columns - columns.mean(axis=0)
    return np.asarray(centred / deviations)
