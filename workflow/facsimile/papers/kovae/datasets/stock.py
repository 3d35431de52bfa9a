"""Stock: windows of 24 trading days of one share, from TimeGAN's repository."""

from pathlib import Path

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.official import Official
from facsimile.datasets.base.series import Values, Windows
from facsimile.papers.kovae.datasets import _tables

LABELS = {
    "stock": "Stock",
    "stock_missing_30": "Stock, 30 % missing",
    "stock_missing_50": "Stock, 50 % missing",
    "stock_missing_70": "Stock, 70 % missing",
}
MEMBERS = {
    "stock": {"rows": 3_661},
    "stock_missing_30": {"rows": 3_661, "missing": 0.3},
    "stock_missing_50": {"rows": 3_661, "missing": 0.5},
    "stock_missing_70": {"rows": 3_661, "missing": 0.7},
}
COLUMNS = ("Open", "High", "Low", "Close", "Adj_Close", "Volume")


class Stock(Windows, ArchivedArrays):
    """Opening, highest, lowest, closing and adjusted closing price and volume, scaled to [0, 1].

    The released loader reverses the rows, "to make chronological datasets". The file's prices grow
    from 50 dollars in its first row, Google's in August 2004, to 1,196: it already is
    chronological, and the windows run backwards in time. They do so here.

    Adjusted prices are equal to closing prices in all rows of the file.
    """

    length = 24
    features = len(COLUMNS)
    licence = "Apache-2.0 for the repository; none stated for the prices, from Yahoo Finance"
    source = "https://github.com/jsyoon0823/TimeGAN, data/stock_data.csv"
    files = (
        Official(
            "stock_data.csv",
            (
                "https://raw.githubusercontent.com/jsyoon0823/TimeGAN/"
                "8f6181cb9b9d2fa0c930cd902411d9ac8a308e07/data/stock_data.csv",
            ),
            228_290,
            checksum="sha256:134b8a00eb4eefa3242dd7ae85144082da80dedf75a1a656d5d08f97cd95277a",
            checksum_from="not the authors'; computed from the file in the repository",
        ),
    )

    @classmethod
    def table(cls, source: Path | None) -> Values:
        [path] = cls.downloaded(source).values()
        lines = _tables.text_lines(path)
        return _tables.reversed_table(lines, COLUMNS, str(path))
