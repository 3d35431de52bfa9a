"""Splits of the table wine of Table 7: the cultivar with most rows against the others."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from sklearn.datasets import load_wine

from facsimile.datasets.base.arrays import Array, Arrays
from facsimile.papers.pfn.datasets import _splits

LABEL = "wine"
LARGEST = 1  # the cultivar with 71 of 178 rows


class WineSplits(Arrays):
    """20 splits of 100 rows: ``x`` are 13 measurements, ``y`` is 0 for the largest cultivar.

    This is OpenML's table 973, in which two of UCI's three cultivars are one class, made from the
    copy of UCI's table in scikit-learn.
    """

    name = "wine_splits"
    rows = _splits.SPLITS
    shapes: ClassVar = {"x": (_splits.LENGTH, 13), "y": (_splits.LENGTH,)}
    licence = "CC BY 4.0 (UCI)"
    source = "scikit-learn, sklearn.datasets.load_wine; UCI, Wine"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, Array]:
        x, cultivar = load_wine(return_X_y=True)
        y = np.where(cultivar == LARGEST, 0.0, 1.0)
        return _splits.splits(x, y, cls.rows, cls.name)
