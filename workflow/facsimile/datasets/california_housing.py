"""California housing: median house values of 1990's census blocks (Pace and Barry 1997)."""

import io
import tarfile
from pathlib import Path
from typing import ClassVar

import numpy as np

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.arrays import Array
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.official import Official
from facsimile.datasets.base.table import Column, SupervisedTable, read_columns, standardised

LABEL = "California housing"
TABLE = "housing.csv"
MOST_BYTES = 10**7  # of the table; the official one has 1.4 MB
TARGET = "median_house_value"
COLUMNS = (
    "longitude",
    "latitude",
    "housing_median_age",
    "total_rooms",
    "total_bedrooms",
    "population",
    "households",
    "median_income",
    TARGET,
)
# Values from here on are capped in the census.
CAP = 500_000


class CaliforniaHousing(SupervisedTable, ArchivedArrays):
    """The logarithm of the median house value of a block, from eight quantities of the block.

    ``x``, each standardised over all rows: median income, age, rooms, bedrooms and people per
    household, population, latitude, longitude, in this order, which is scikit-learn's. ``y``: the
    natural logarithm of the value in 100,000 dollars. Blocks with a value of 500,000 dollars or
    more are left out. These are the steps of CS_IB_Housing.py in
    SJYuCNEL/Cauchy-Schwarz-Information-Bottleneck and, before it, of the code of "The convex
    information bottleneck Lagrangian" (Rodríguez Gálvez et al. 2020).

    The file is the edition of the book *Hands-On Machine Learning*, in which 207 of the 20,640
    counts of bedrooms were removed. Here the median count takes their place; scikit-learn's
    edition, from StatLib, has all of them.
    """

    name = "california_housing"
    rows = 19_648
    shapes: ClassVar = {"x": (8,), "y": (), "part": ()}
    licence = "none stated for the data of StatLib; Apache-2.0 for the repository of the file"
    source = "https://github.com/ageron/handson-ml, datasets/housing"
    files = (
        Official(
            "housing.tgz",
            (
                "https://raw.githubusercontent.com/ageron/handson-ml/master/datasets/housing/"
                "housing.tgz",
            ),
            409_488,
            checksum="sha256:d4cd501af90475f09b814c7447c7701f59bf28e8cf1180205ae5ace9737a0109",
            checksum_from="not the author's; computed from the file in the repository",
        ),
    )

    @classmethod
    def table(cls, source: Path | None) -> dict[str, Array]:
        [path] = cls.downloaded(source).values()
        columns = read_columns(_lines(path), COLUMNS, f"{path}: {TABLE}")
        # Where a bedroom count is missing, the median of the others.
        bedrooms = columns["total_bedrooms"]
        columns["total_bedrooms"] = np.where(
            np.isnan(bedrooms),
            np.nanmedian(bedrooms),
            bedrooms,
        )
        for name, values in columns.items():
            if np.isnan(values).any():
                line = int(np.argmax(np.isnan(values))) + 2
                raise DatasetError(
                    f"{path}: {TABLE}:{line}: {name} is empty, which it is nowhere in the official "
                    "file; download it again"
                )
        is_kept = columns[TARGET] < CAP
        kept = {name: values[is_kept] for name, values in columns.items()}
        return {
            "x": standardised(_inputs(kept)),
            "y": np.log(kept[TARGET] / 100_000),
        }


def _lines(path: Path) -> list[str]:
    """The lines of the table in the archive."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            member = archive.getmember(TABLE)
            file = archive.extractfile(member)
            if file is None or member.size > MOST_BYTES:
                raise KeyError(f"{TABLE} is no file of the official size")
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            return text.readlines()
    except (OSError, EOFError, KeyError, UnicodeDecodeError, tarfile.TarError) as error:
        raise DatasetError(
            f"{path}: truncated or not the official archive with {TABLE} ({error}); "
            "download it again"
        ) from None


def _inputs(columns: dict[str, Column]) -> Column:
    """The inputs [n, 8] in scikit-learn's order."""
    households = columns["households"]
    return np.stack(
        [
            columns["median_income"],
            columns["housing_median_age"],
            columns["total_rooms"] / households,
            columns["total_bedrooms"] / households,
            columns["population"],
            columns["population"] / households,
            columns["latitude"],
            columns["longitude"],
        ],
        axis=1,
    )
