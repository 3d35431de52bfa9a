"""Reads a CSV file that a person wrote, perhaps in a spreadsheet, and says what is wrong where."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from facsimile.foundation import text_files
from facsimile.foundation.file_errors import FileError

SEPARATORS = {";": "semicolons", "\t": "tabs"}
SAVE = "save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')"


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the fields of each row, without blanks around fields and blank rows.

    A byte order mark at the beginning is skipped. Raises FileError, with file and line, for a file
    that is not UTF-8, that has no commas or whose quotes do not match.
    """
    text = text_files.utf8(path, SAVE)
    _check_separator(path, text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            values = next(reader, None)
        except csv.Error as error:
            message = f"not valid CSV: {error}; check the quotes of this line"
            raise FileError(path, reader.line_num, message) from None
        if values is None:
            return
        stripped = [value.strip() for value in values]
        # Spreadsheets append empty rows, or rows of commas alone.
        if any(stripped):
            # Not a count of rows: a quoted field may contain line breaks.
            yield reader.line_num, stripped


def _check_separator(path: Path, text: str) -> None:
    header = text.lstrip().partition("\n")[0]
    for separator, name in SEPARATORS.items():
        if header.lower().startswith("sep="):
            raise FileError(path, 1, "remove this line; columns are always separated by commas")
        if separator in header and "," not in header:
            raise FileError(path, 1, f"columns are separated by {name}; separate them by commas")
