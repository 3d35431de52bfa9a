"""Pages that are made of other files: written, or only compared with what they should be."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from facsimile.foundation import atomic

Log = Callable[[str], None]


def write_or_check(
    pages: Mapping[Path, str],
    strangers: Iterable[Path],
    check: bool,
    log: Log,
    again: str,
    stale: Iterable[str] = (),
) -> int:
    """Write ``pages`` and remove ``strangers``; or only check, and answer exit status 1 with a line for each that is wrong.

    ``stale`` are lines that the caller found wrong already, ``again`` the command that makes all of it anew.
    """
    if not check:
        for path, text in pages.items():
            atomic.write_bytes(path, text.encode())
        for path in strangers:
            path.unlink()
            log(f"removed {path}")
        return 0
    other = [
        f"{path}: not what its sources say" for path, text in pages.items() if not _same(path, text)
    ]
    said = [*stale, *other, *(f"{path}: its source is gone" for path in strangers)]
    for line in said:
        log(f"{line}; make it again: {again}")
    return int(bool(said))


def grid(head: Iterable[str], rows: Iterable[Iterable[str]], align: str = "---") -> list[str]:
    """Lines of a Markdown table."""
    names = list(head)
    lines = [names, ["---", *[align] * (len(names) - 1)], *rows]
    return [f"| {' | '.join(_cell(entry) for entry in line)} |" for line in lines]


class Footnotes:
    """Texts that a page says once: ``mark`` answers the reference to one, ``lines`` are the notes; a ``prefix`` a table."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers: dict[str, int] = {}

    def mark(self, text: str) -> str:
        """``[^prefix-1]``, the same for the same text."""
        return f"[^{self._prefix}-{self._numbers.setdefault(text, len(self._numbers) + 1)}]"

    def lines(self) -> list[str]:
        """A paragraph a note."""
        return [line for text in self._numbers for line in (f"{self.mark(text)}: {text}", "")]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
