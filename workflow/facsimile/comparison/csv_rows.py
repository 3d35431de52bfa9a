"""Reads a CSV file that a person wrote, perhaps in a spreadsheet, and says what is wrong where."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from facsimile.foundation.file_errors import FileError

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks; a spreadsheet's "Unicode text" begins with one of them."""
SEPARATORS = {";": "semicolons", "\t": "tabs"}
SAVE = "save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')"


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the fields of each row, without blanks around fields and blank rows.

    A byte order mark at the beginning is skipped. Raises FileError, with file and line, for a file
    that is not UTF-8, that has no commas or whose quotes do not match.
    """
    text = _text(path)
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


def _text(path: Path) -> str:
    data = path.read_bytes()
    # No text in UTF-8 contains a zero byte, and without a byte order mark UTF-16 has many.
    if data.startswith(UTF_16) or b"\0" in data:
        raise FileError(path, 1, f"this is UTF-16 or not text; {SAVE}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong = data[error.start : error.start + 1]
        before = data[: error.start] + b"."
        line = len(before.splitlines())
        character = wrong.decode("cp1252", errors="replace")
        message = f"not UTF-8: the byte 0x{wrong.hex()} ({character!r} in Windows' cp1252); {SAVE}"
        raise FileError(path, line, message) from None


def _check_separator(path: Path, text: str) -> None:
    header = text.lstrip().partition("\n")[0]
    for separator, name in SEPARATORS.items():
        if separator in header and "," not in header:
            raise FileError(path, 1, f"columns are separated by {name}; separate them by commas")
