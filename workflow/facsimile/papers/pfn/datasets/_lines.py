"""Tables as text: one row per line, fields separated by blanks."""

import math
from collections.abc import Iterator
from pathlib import Path

from facsimile.datasets.base.file import DatasetError


def fields(
    path: Path,
    count: int,
) -> Iterator[tuple[str, list[str]]]:
    """Yield file and line, for error messages, and the fields of each row.

    Raises:
        DatasetError: a line has another number of fields, or the file is no text.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: no text ({error}); download it again") from None
    for line, text in enumerate(lines, 1):
        row = text.split()
        if len(row) != count:
            raise DatasetError(
                f"{path}:{line}: {len(row)} fields instead of {count}; the file is truncated or "
                "altered; download it again"
            )
        yield f"{path}:{line}", row


def number(
    text: str,
    where: str,
) -> float:
    """Return a finite number; raises DatasetError for other text."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DatasetError(
            f"{where}: {text!r} is not a number; the file is truncated or altered; "
            "download it again"
        )
    return value
