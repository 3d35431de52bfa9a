"""Splits of the table credit-g of Table 7: German credit data."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.arrays import Array
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.official import Official
from facsimile.papers.pfn.datasets import _lines, _splits

LABEL = "credit-g"
FEATURES = 20


class CreditGSplits(ArchivedArrays):
    """20 splits of 100 rows: ``x`` are 20 properties of a loan, ``y`` is 1 for a bad one.

    A category is a number, its place in UCI's description, as in OpenML's table 31.
    """

    name = "credit_g_splits"
    rows = _splits.SPLITS
    shapes: ClassVar = {"x": (_splits.LENGTH, FEATURES), "y": (_splits.LENGTH,)}
    licence = "CC BY 4.0 (UCI)"
    source = "UCI, Statlog (German Credit Data)"
    files = (
        Official(
            "german.data",
            (
                "https://archive.ics.uci.edu/ml/machine-learning-databases/statlog/german/"
                "german.data",
            ),
            79_793,
            checksum="sha256:b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871",
            checksum_from="not UCI's; computed from a copy of the size of UCI's file",
        ),
    )

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, Array]:
        [path] = cls.downloaded(source).values()
        rows, classes = [], []
        for where, fields in _lines.fields(path, FEATURES + 1):
            *properties, outcome = fields
            if outcome not in ("1", "2"):
                raise DatasetError(
                    f"{where}: class {outcome!r} instead of 1 or 2; the file is truncated or "
                    "altered; download it again"
                )
            numbered = enumerate(properties, 1)
            rows.append([_number(text, column, where) for column, text in numbered])
            classes.append(float(outcome) - 1)
        return _splits.splits(np.array(rows), np.array(classes), cls.rows, str(path))


def _number(
    text: str,
    column: int,
    where: str,
) -> float:
    """A number as it is; of category A104, the fifth of column 10 counted from 0, its place 4."""
    return _lines.number(text.removeprefix(f"A{column}"), where)
