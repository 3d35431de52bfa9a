"""Reads the tables that windows of a long series are cut from."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.series import Values
from facsimile.datasets.base.table import read_columns

MOST_BYTES = 10**8  # of a table after unpacking; the largest has 12 MB


def text_lines(path: Path) -> list[str]:
    """Return the lines of a text file; raises DatasetError if it is none."""
    try:
        return path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: no text ({error}); download it again") from None


def zipped_lines(
    path: Path,
    name: str,
) -> list[str]:
    """Return the lines of the text file ``name`` in a zip archive.

    Raises:
        DatasetError: the archive is truncated or another one; the message names file and reason.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size > MOST_BYTES:
                raise KeyError(f"{name} is too large")
            with archive.open(name) as file:
                return io.TextIOWrapper(file, encoding="ascii", newline="").readlines()
    except (OSError, EOFError, KeyError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{path}: truncated or not the official archive with {name} ({error}); "
            "download it again"
        ) from None


def reversed_table(
    lines: Sequence[str],
    columns: Sequence[str],
    what: str,
) -> Values:
    """Return columns of a CSV table, float64 [m, columns], the last row first.

    Args:
        lines: the lines of the table.
        columns: names of the columns.
        what: the file, for error messages.

    Raises:
        DatasetError: a column is missing, or a field is empty or not a finite number.
    """
    read = read_columns(lines, columns, what)
    table = np.stack([read[name] for name in columns], axis=1)
    is_empty = np.isnan(table)
    if is_empty.any():
        row, column = np.argwhere(is_empty)[0]
        raise DatasetError(
            f"{what}:{row + 2}: {columns[column]} is empty, which it is nowhere in the official "
            "file; download it again"
        )
    return table[::-1]
