"""Write Markdown pages that are generated from other files, or check that they are current."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from facsimile.foundation import atomic
from facsimile.foundation.log import Log


def write_or_check(
    pages: Mapping[Path, str],
    strangers: Iterable[Path],
    check: bool,
    log: Log,
    again: str,
    stale: Iterable[str] = (),
) -> int:
    """Write generated pages, or check them without writing.

    Parameters
    ----------
    pages
        Path of each page -> its text.
    strangers
        Pages whose source no longer exists; they are removed.
    check
        Only compare: write and remove nothing.
    log
        Called with one line per removed page, or per problem if ``check``.
    again
        The command that generates the pages, for the log.
    stale
        Problems that the caller has already found.

    Returns
    -------
    int
        Exit status: 1 if a check found a problem, else 0.
    """
    if check:
        problems = [*stale, *_problems(pages, strangers)]
        for problem in problems:
            log(f"{problem}; make it again: {again}")
        return int(bool(problems))

    for path, text in pages.items():
        atomic.write_bytes(path, text.encode())
    for path in strangers:
        path.unlink()
        log(f"removed {path}")
    return 0


def grid(
    head: Iterable[str],
    rows: Iterable[Iterable[str]],
    align: str = "---",
) -> list[str]:
    """Lines of a Markdown table; ``align`` is the rule below every column but the first."""
    titles = list(head)
    rule = ["---", *[align] * (len(titles) - 1)]
    lines = []
    for entries in (titles, rule, *rows):
        lines.append(f"| {' | '.join(_cell(entry) for entry in entries)} |")
    return lines


class Footnotes:
    """Footnotes of a page, each text once; ``prefix`` keeps apart those of several tables."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers: dict[str, int] = {}

    def mark(self, text: str) -> str:
        """The reference to a footnote, ``[^prefix-1]``; equal texts share one."""
        number = self._numbers.setdefault(text, len(self._numbers) + 1)
        return f"[^{self._prefix}-{number}]"

    def lines(self) -> list[str]:
        """The footnotes, one paragraph each."""
        lines = []
        for text in self._numbers:
            lines += [f"{self.mark(text)}: {text}", ""]
        return lines


def _problems(pages: Mapping[Path, str], strangers: Iterable[Path]) -> list[str]:
    problems = []
    for path, text in pages.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            problems.append(f"{path}: not what its sources say")
    for path in strangers:
        problems.append(f"{path}: its source is gone")
    return problems


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
