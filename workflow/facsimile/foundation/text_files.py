"""Text files that a person wrote, perhaps in an editor that does not save UTF-8."""

from pathlib import Path

from facsimile.foundation import file_kinds
from facsimile.foundation.file_errors import FileError

# Byte order marks of UTF-16; a spreadsheet's "Unicode text" begins with one of them.
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def utf8(path: Path, remedy: str) -> str:
    """Return the text of a file that a person wrote, without a byte order mark.

    Raises FileError, with the line and ``remedy``, if it is not UTF-8.
    """
    data = path.read_bytes()
    kind = file_kinds.described(path) if data else ""
    if kind:
        raise FileError(path, 1, f"this is {kind}")
    # No text in UTF-8 contains a zero byte, and without a byte order mark UTF-16 has many.
    if data.startswith(UTF_16) or b"\0" in data:
        raise FileError(path, 1, f"this is UTF-16 or not text; {remedy}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong = data[error.start : error.start + 1]
        before = data[: error.start] + b"."
        line = len(before.splitlines())
        character = wrong.decode("cp1252", errors="replace")
        message = (
            f"not UTF-8: the byte 0x{wrong.hex()} ({character!r} in Windows' cp1252); {remedy}"
        )
        raise FileError(path, line, message) from None
