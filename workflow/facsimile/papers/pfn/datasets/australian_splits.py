"""Splits of the table Australian of Table 7: Australian credit approval."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.arrays import Array
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.official import Official
from facsimile.papers.pfn.datasets import _lines, _splits

LABEL = "Australian"
FEATURES = 14


class AustralianSplits(ArchivedArrays):
    """20 splits of 100 rows: ``x`` are 14 properties of a loan, ``y`` is 1 for an approved one.

    The file is the one in the authors' repository, which has UCI's rows in UCI's order. Table 7 was
    computed from OpenML's table 40981, whose order of rows and of categories we have not seen.
    """

    name = "australian_splits"
    rows = _splits.SPLITS
    shapes: ClassVar = {"x": (_splits.LENGTH, FEATURES), "y": (_splits.LENGTH,)}
    licence = "CC BY 4.0 (UCI); Apache-2.0 for the repository of the file"
    source = "https://github.com/automl/TransformersCanDoBayesianInference, datasets"
    files = (
        Official(
            "australian.txt",
            (
                "https://raw.githubusercontent.com/automl/TransformersCanDoBayesianInference/"
                "9c20031b355923bdd456d5fcfe4e98092b016b97/datasets/australian.txt",
            ),
            115_308,
            checksum="sha256:e11b85d6265a6cc8d07e3200fc04557009e6e2407331ea8d7910eddf199c2d1a",
            checksum_from="not the authors'; computed from the file in the repository",
        ),
    )

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, Array]:
        [path] = cls.downloaded(source).values()
        rows, classes = [], []
        for where, fields in _lines.fields(path, FEATURES + 1):
            outcome, *properties = fields
            if outcome not in ("-1", "+1"):
                raise DatasetError(
                    f"{where}: class {outcome!r} instead of -1 or +1; the file is truncated or "
                    "altered; download it again"
                )
            numbered = enumerate(properties, 1)
            rows.append([_value(text, column, where) for column, text in numbered])
            classes.append(float(outcome == "+1"))
        return _splits.splits(np.array(rows), np.array(classes), cls.rows, str(path))


def _value(
    text: str,
    column: int,
    where: str,
) -> float:
    """The value of a field ``column:value`` of the format of LIBSVM."""
    return _lines.number(text.removeprefix(f"{column}:"), where)
