"""Render the rows of a table as Markdown, as LaTeX and on the console."""

import dataclasses
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group
from rich.table import Table
from rich.text import Text

from facsimile.statistics.estimates import Estimate

NONE = "–"
ROUNDING = 1e-12  # smaller values are rounding errors of a zero
TEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "η": r"$\eta$",
    "λ": r"$\lambda$",
    "σ": r"$\sigma$",
    "ω": r"$\omega$",
    "−": "$-$",
    "–": "--",
    "·": r"$\cdot$",
    "×": r"$\times$",
    "…": r"\dots{}",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of a table with its interval; NaN is shown as a dash.

    Parameters
    ----------
    value, low, high
        The number and the ends of its interval.
    n
        Number of runs, if it differs from that of the row.
    text
        Shown in place of the number.
    digits
        Decimals of the number and of its interval.
    """

    value: float
    low: float
    high: float
    n: int | None = None
    text: str = ""
    digits: int = 3

    @classmethod
    def of(
        cls,
        estimate: Estimate,
        n: int | None = None,
    ) -> "Entry":
        """An estimate with its interval."""
        return cls(estimate.value, estimate.low, estimate.high, n)

    def number(self) -> str:
        """The value with ``digits`` decimals; ``–`` if it is undefined.

        Scientific notation, as ``2.5e-05``, if a value other than zero would round to zero.
        """
        if self.text:
            return self.text
        if not math.isfinite(self.value):
            return NONE
        rounds_to_zero = ROUNDING < abs(self.value) < 0.5 * 10.0**-self.digits
        return f"{self.value:.1e}" if rounds_to_zero else f"{self.value:.{self.digits}f}"

    def interval(self) -> str:
        """``[0.123, 0.345]``, followed by n if it differs from that of the row.

        ``–`` if there is no interval, nothing if there is no number either.
        """
        interval = ""
        if math.isfinite(self.low):
            interval = f"[{self.low:.{self.digits}f}, {self.high:.{self.digits}f}]"
        elif math.isfinite(self.value) and not self.text:
            interval = NONE
        runs = f"n={self.n}" if self.n is not None else ""
        return _joined(interval, runs)

    def line(self) -> str:
        """Number and interval on one line."""
        return _joined(self.number(), self.interval())


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; consecutive rows of the same block are shown below a common heading."""

    block: str
    label: str
    n: str
    entries: list[Entry]


def markdown(
    title: str,
    columns: list[str],
    rows: list[Row],
    notes: list[str],
    head: str = "Method",
) -> str:
    """A table in Markdown, with its title above and its notes as a list below.

    Parameters
    ----------
    title, columns
        Title of the table and titles of its columns of numbers.
    rows
        Rows with one entry per column; each block begins with its name in bold.
    notes
        Lines below the table.
    head
        Title of the first column.
    """
    n_numbers = 1 + len(columns)  # n is a column of numbers, too
    lines = [f"### {title}", ""]
    lines.append(_markdown_row([head, "n", *columns]))
    lines.append(_markdown_row(["---", *["---:"] * n_numbers]))
    for block, members in _blocks(rows):
        # Markdown has no cells across columns: the heading is a row with empty entries.
        heading = f"**{_escaped(block)}**"
        lines.append(_markdown_row([heading, *[""] * n_numbers]))
        for row in members:
            label = _escaped(row.label)
            entries = [entry.line() for entry in row.entries]
            lines.append(_markdown_row([label, row.n, *entries]))
    lines.append("")
    for note in notes:
        lines.append(f"- {_escaped(note)}")
    lines.append("")
    return "\n".join(lines)


def latex(
    title: str,
    columns: list[str],
    rows: list[Row],
    notes: list[str],
    label: str,
    head: str = "Method",
) -> str:
    r"""A ``table*`` in LaTeX; needs the packages booktabs and amsmath.

    Intervals are set in a small font below their numbers, and the notes end the caption. ``label``
    is that of ``\label``; the other parameters are those of ``markdown``.
    """
    sentences = [f"{title}.", *notes]
    caption = " ".join(map(tex, sentences))
    n_columns = 2 + len(columns)
    lines = [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\label{{{label}}}",
        r"\footnotesize",
        rf"\begin{{tabular}}{{lr{'c' * len(columns)}}}",
        r"\toprule",
        _latex_row([tex(head), "$n$", *map(tex, columns)]),
    ]
    for block, members in _blocks(rows):
        heading = rf"\emph{{{tex(block)}}}"
        lines.append(r"\midrule")
        lines.append(rf"\multicolumn{{{n_columns}}}{{l}}{{{heading}}} \\")
        for row in members:
            entries = map(_latex_entry, row.entries)
            lines.append(_latex_row([tex(row.label), row.n, *entries]))
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table*}", ""]
    return "\n".join(lines)


def console(
    title: str,
    columns: list[str],
    rows: list[Row],
    notes: list[str],
    head: str = "Method",
) -> Any:
    """A table for a rich Console, with dim intervals below the numbers and the notes at the end.

    On a terminal too narrow for all columns it is split into several tables. Parameters are those
    of ``markdown``.
    """
    table = _SplitTable(title, columns, rows, head)
    below = [Text(note, style="dim") for note in notes]
    return Group(table, *below)


def without_intervals(rows: list[Row]) -> list[Row]:
    """Rows that have a number, without intervals; an n that differs from that of its row stays."""
    short = []
    for row in rows:
        if all(entry.number() == NONE for entry in row.entries):
            continue
        entries = [dataclasses.replace(entry, text=entry.number()) for entry in row.entries]
        entries = [dataclasses.replace(entry, low=math.nan, high=math.nan) for entry in entries]
        short.append(dataclasses.replace(row, entries=entries))
    return short


@dataclass(frozen=True, slots=True)
class _SplitTable:
    """A table that continues in another one below if the terminal is too narrow."""

    title: str
    columns: list[str]
    rows: list[Row]
    head: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        first = 0
        while first == 0 or first < len(self.columns):
            table = self._widest_part(first, console, options)
            yield table
            first += max(1, len(table.columns) - 2)  # without the label and n

    def _widest_part(
        self,
        first: int,
        console: Console,
        options: ConsoleOptions,
    ) -> Table:
        """As many columns from ``first`` on as fit the terminal, but at least one."""
        # Measure without the terminal's limit: rich cuts a measured width at the available width.
        n_columns = len(self.columns)
        unlimited = options.update_width(100 * (n_columns + 2))
        for stop in range(n_columns, first, -1):
            table = self._part(first, stop)
            measured = console.measure(table, options=unlimited)
            if measured.maximum <= options.max_width:
                return table
        return self._part(first, first + 1)

    def _part(self, first: int, stop: int) -> Table:
        table = Table(
            title=self.title if first == 0 else None,
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        table.add_column(self.head, no_wrap=True)
        table.add_column("n", justify="right")
        for column in self.columns[first:stop]:
            # One word per line keeps columns narrow.
            title = "\n".join(column.split())
            table.add_column(title, justify="right", min_width=8, no_wrap=True)
        for block, members in _blocks(self.rows):
            table.add_section()
            table.add_row(Text(block, style="italic"))
            for row in members:
                entries = map(_console_entry, row.entries[first:stop])
                table.add_row(f"  {row.label}", row.n, *entries)
        return table


def tex(text: str) -> str:
    """Escape text for LaTeX, with Greek letters in math mode."""
    return "".join(TEX.get(character, character) for character in text)


def _blocks(rows: list[Row]) -> Iterator[tuple[str, Iterator[Row]]]:
    return itertools.groupby(rows, key=lambda row: row.block)


def _joined(*texts: str) -> str:
    return " ".join(filter(None, texts))


def _markdown_row(entries: list[str]) -> str:
    return f"| {' | '.join(entries)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("_", "\\_").replace("*", "\\*")


def _latex_row(entries: list[str]) -> str:
    return " & ".join(entries) + r" \\"


def _latex_entry(entry: Entry) -> str:
    if entry.interval() in ("", NONE):
        return tex(entry.line())
    return rf"\shortstack{{{tex(entry.number())}\\{{\tiny {tex(entry.interval())}}}}}"


def _console_entry(entry: Entry) -> Text:
    separator = " " if entry.interval() in ("", NONE) else "\n"
    # ".123" for "0.123": a terminal is narrow.
    interval = re.sub(r"\b0\.", ".", entry.interval())
    return Text.assemble(entry.number(), separator, (interval, "dim"))
