"""Energy: windows of 24 measurements, ten minutes apart, of a house's energy use and climate."""

from pathlib import Path

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.official import Official
from facsimile.datasets.base.series import Values, Windows
from facsimile.papers.kovae.datasets import _tables

LABELS = {
    "energy": "Energy",
    "energy_missing_30": "Energy, 30 % missing",
    "energy_missing_50": "Energy, 50 % missing",
    "energy_missing_70": "Energy, 70 % missing",
}
MEMBERS = {
    "energy": {"rows": 19_711},
    "energy_missing_30": {"rows": 19_711, "missing": 0.3},
    "energy_missing_50": {"rows": 19_711, "missing": 0.5},
    "energy_missing_70": {"rows": 19_711, "missing": 0.7},
}
TABLE = "energydata_complete.csv"
ROOMS = tuple(f"{quantity}_{room}" for room in range(1, 10) for quantity in ("T", "RH"))
COLUMNS = (
    "Appliances",
    "lights",
    *(name.replace("T_", "T") for name in ROOMS),
    "T_out",
    "Press_mm_hg",
    "RH_out",
    "Windspeed",
    "Visibility",
    "Tdewpoint",
    "rv1",
    "rv2",
)


class Energy(Windows, ArchivedArrays):
    """All columns of UCI's table but the date, scaled to [0, 1]; the last two are noise, and equal.

    The rows are chronological, and reversed as in the released loader (``Stock``).
    """

    length = 24
    features = len(COLUMNS)
    licence = "CC BY 4.0 (UCI)"
    source = "https://archive.ics.uci.edu/dataset/374/appliances+energy+prediction"
    files = (
        Official(
            "energydata_complete.zip",
            (
                "https://raw.githubusercontent.com/sumukhv/Energy-Consumption-Task/"
                "517defe41a0f61582af873e11e5576f20105e834/energydata_complete.zip",
            ),
            1_807_015,
            checksum="sha256:78519cd2bc0535406c5fabdb921ca10ed7174b9ff09854932e85263bc4deb502",
            checksum_from="not the authors'; computed from the file in the repository",
        ),
    )

    @classmethod
    def table(cls, source: Path | None) -> Values:
        [path] = cls.downloaded(source).values()
        lines = _tables.zipped_lines(path, TABLE)
        return _tables.reversed_table(lines, COLUMNS, f"{path}: {TABLE}")
