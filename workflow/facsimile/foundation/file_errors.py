"""Errors in files that a person wrote: one line each, with the file and the line in it."""

from collections.abc import Sequence
from pathlib import Path

# Characters of an error message.
MESSAGE = 2000
# Errors that are shown at once.
LINES = 20


class FileError(ValueError):
    """An error in a file that a person wrote.

    The message begins with ``file:line:`` and ends with what would be right.
    """

    def __init__(self, path: Path, line: int, message: str) -> None:
        # A file may contain characters that move a terminal's cursor; the message is one line of
        # printable text.
        plain = "".join(map(_printable, message))
        ellipsis = " …" if len(plain) > MESSAGE else ""
        super().__init__(f"{path}:{line}: {plain[:MESSAGE]}{ellipsis}")


class FileErrors(FileError):
    """Several errors in files that a person wrote; the message has one line per error."""

    def __init__(self, errors: Sequence[FileError]) -> None:
        self.errors = tuple(errors)
        lines = [str(error) for error in errors[:LINES]]
        if len(errors) > LINES:
            lines.append(f"and {len(errors) - LINES:,} more errors")
        ValueError.__init__(self, "\n".join(lines))


def raise_all(errors: Sequence[FileError]) -> None:
    """Raise all errors at once, each line once; return if there are none."""
    different = list({str(error): error for error in errors}.values())
    if len(different) == 1:
        raise different[0]
    if different:
        raise FileErrors(different)


def _printable(character: str) -> str:
    return character if character.isprintable() else f"\\x{ord(character):02x}"
