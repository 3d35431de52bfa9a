"""WHO life expectancy and HELOC, scaled to [0, 1], as the authors split them."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.arrays import Array
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.table import Column, SupervisedTable
from facsimile.papers.lfa.datasets import _released_files
from facsimile.papers.lfa.datasets._released_files import official

LABELS = {
    "who_life_expectancy": "WHO",
    "heloc": "HELOC",
}
MEMBERS = {
    "who_life_expectancy": {"prefix": "who"},
    "heloc": {"prefix": "heloc"},
}
ROWS = {"who": 2938, "heloc": 9871}
FEATURES = {"who": 19, "heloc": 23}
FILES = {
    "who": (
        official(
            "data/clean",
            "who-clean-train80-normalized.csv",
            814_912,
            "1d2199885becfbdb506aad39e36f860112d43298ccd9854eb62a56d257129304",
        ),
        official(
            "data/clean",
            "who-clean-test20-normalized.csv",
            204_594,
            "a1978bae3859bb2c4da370c2eb8c7bd0bb93604991353f8a1a8e6ed78deb78e8",
        ),
        official(
            "data/clean",
            "who-clean-test20-normalized-subset.csv",
            33_395,
            "547fc2ec00d9be64a6f6021ea15e41c391d9527174153e7c54a3ee90faa305d9",
        ),
    ),
    "heloc": (
        official(
            "data/clean",
            "heloc-clean-train80-normalized.csv",
            2_517_314,
            "580edae9172b8501c80e7069d00fd3d8128b0d46e513c4f3301729a166a83a48",
        ),
        official(
            "data/clean",
            "heloc-clean-test20-normalized.csv",
            630_572,
            "7421c6cfcebe0f62981a227e6ca7406333359a02542c9064c9d43bd5b03b9019",
        ),
        official(
            "data/clean",
            "heloc-clean-test20-normalized-subset.csv",
            31_257,
            "7007efdb436c06e730c5f564364ce62b98e051bec280473c94e882337fa2c0eb",
        ),
    ),
}
ROUNDING = 1e-9  # the subset was written with one digit fewer


class ScaledTable(SupervisedTable, ArchivedArrays):
    """A table of the authors: features ``x`` and target ``y``, all from 0 to 1.

    WHO: life expectancy from 19 quantities of a country and year. HELOC: whether a home equity line
    of credit was repaid, 1 if it was, from 23 quantities of the borrower. A fifth of the rows is
    for test. The rows that the authors explain are the first of these.
    """

    licence = _released_files.LICENCE
    source = f"{_released_files.REPOSITORY}, data/clean"
    split_seed = None
    prefix: ClassVar[str]  # "who" or "heloc", as in the names of the files

    def __init_subclass__(cls) -> None:
        if "prefix" in vars(cls):
            cls.rows = ROWS[cls.prefix]
            cls.files = FILES[cls.prefix]
            cls.shapes = {"x": (FEATURES[cls.prefix],), "y": (), "part": ()}

    @classmethod
    def sizes(cls) -> tuple[int, int, int]:
        training = cls.rows * 4 // 5
        return training, 0, cls.rows - training

    @classmethod
    def table(cls, source: Path | None) -> dict[str, Array]:
        paths = cls.downloaded(source)
        [features] = cls.shapes["x"]
        train_path, test_path, subset_path = [paths[file.name] for file in cls.files]
        train = _released_files.read(train_path, features)
        test = _released_files.read(test_path, features)
        training, _, testing = cls.sizes()
        for path, (x, _), rows in ((train_path, train, training), (test_path, test, testing)):
            if len(x) != rows:
                raise DatasetError(f"{path}: {len(x)} rows instead of {rows}; download it again")
        explained = _places(np.column_stack(test), subset_path, features)
        others = np.setdiff1d(np.arange(testing), explained)
        order = np.concatenate([explained, others])
        return {
            "x": np.concatenate([train[0], test[0][order]]),
            "y": np.concatenate([train[1], test[1][order]]),
        }


def _places(
    test: Column,
    path: Path,
    features: int,
) -> Array:
    """Where the rows of the explained subset are among the test rows [n, d + 1]."""
    subset = np.column_stack(_released_files.read(path, features))
    differences = np.abs(subset[:, None] - test).max(axis=2)
    places = differences.argmin(axis=1)
    is_absent = differences.min(axis=1) > ROUNDING
    if is_absent.any():
        line = int(np.argmax(is_absent)) + 2
        raise DatasetError(f"{path}:{line}: not a row of the test table; download both again")
    return places
