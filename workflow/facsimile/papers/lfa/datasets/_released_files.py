"""The files of the authors' repository, at commit ab4ddc6: tables and networks."""

from pathlib import Path

import numpy as np

from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.official import Official
from facsimile.datasets.base.table import Column, read_columns

REPOSITORY = "https://github.com/AI4LIFE-GROUP/lfa"
LICENCE = "none stated; the project reads the files and never contains them"
_RAW = "https://raw.githubusercontent.com/AI4LIFE-GROUP/lfa/ab4ddc6"


def official(
    folder: str,
    name: str,
    size: int,
    sha256: str,
) -> Official:
    """Return one file of a folder of the repository."""
    return Official(
        name,
        (f"{_RAW}/{folder}/{name}",),
        size,
        checksum=f"sha256:{sha256}",
        checksum_from="not the authors'; computed from the file in the repository",
    )


def read(
    path: Path,
    features: int,
) -> tuple[Column, Column]:
    """Read a table whose last column is the target.

    Args:
        path: the file.
        features: number of the other columns.

    Returns:
        Features [n, d] and target [n].

    Raises:
        DatasetError: the file is not such a table.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: no text ({error}); download it again") from None
    names = lines[0].split(",") if lines else []
    if len(names) != features + 1:
        raise DatasetError(
            f"{path}:1: {len(names)} columns instead of {features + 1}; download it again"
        )
    columns = read_columns(lines, names, str(path))
    values = np.stack([columns[name] for name in names], axis=1)
    if np.isnan(values).any():
        line = int(np.argmax(np.isnan(values).any(axis=1))) + 2
        raise DatasetError(f"{path}:{line}: an empty field; download it again")
    return values[:, :-1], values[:, -1]
