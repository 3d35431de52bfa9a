"""The same rows as Markdown, LaTeX and on the console."""

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

NONE = "–"
ROUNDING = 1e-12  # what double precision leaves of nothing
TEX = (
    {"\\": r"\textbackslash{}"}
    | {c: f"\\{c}" for c in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)
TEX |= {
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
    """One number with its interval; ``n`` where it differs from that of its row, ``text`` where it is said otherwise."""

    value: float
    low: float
    high: float
    n: int | None = None
    text: str = ""
    digits: int = 3

    def number(self) -> str:
        """As many decimals, or – for no number; what is not zero and would look it as ``2.5e-05``."""
        if self.text:
            return self.text
        if not math.isfinite(self.value):
            return NONE
        small = ROUNDING < abs(self.value) < 0.5 * 10.0**-self.digits
        return f"{self.value:.1e}" if small else f"{self.value:.{self.digits}f}"

    def interval(self) -> str:
        """``[0.123, 0.345]``, with n where it differs; – for no interval, nothing where there is no number either."""
        alone = NONE if math.isfinite(self.value) and not self.text else ""
        known = (
            f"[{self.low:.{self.digits}f}, {self.high:.{self.digits}f}]"
            if math.isfinite(self.low)
            else alone
        )
        return " ".join(filter(None, [known, f"n={self.n}" if self.n is not None else ""]))

    def line(self) -> str:
        """All in one line."""
        return " ".join(filter(None, [self.number(), self.interval()]))


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; lines of one block stand together."""

    block: str
    label: str
    n: str
    entries: list[Entry]


def markdown(
    title: str, columns: list[str], rows: list[Row], notes: list[str], head: str = "Method"
) -> str:
    """Title, a table with a bold line before each block, and the notes as a list."""
    top = [head, "n", *columns]
    lines = [_bar(top), _bar(["---", *["---:"] * (len(top) - 1)])]
    for block, members in _blocks(rows):
        lines.append(_bar([f"**{_escaped(block)}**", *[""] * (len(top) - 1)]))
        lines += [
            _bar([_escaped(r.label), r.n, *(entry.line() for entry in r.entries)]) for r in members
        ]
    return "\n".join(
        [f"### {title}", "", *lines, "", *(f"- {_escaped(note)}" for note in notes), ""]
    )


def latex(
    title: str,
    columns: list[str],
    rows: list[Row],
    notes: list[str],
    label: str,
    head: str = "Method",
) -> str:
    r"""A ``table*`` with booktabs rules; intervals are small and under their numbers, the notes end the caption."""
    caption = " ".join([tex(title) + ".", *(tex(note) for note in notes)])
    lines = [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\label{{{label}}}",
        r"\footnotesize",
    ]
    lines += [
        rf"\begin{{tabular}}{{lr{'c' * len(columns)}}}",
        r"\toprule",
        _tex_row([tex(head), "$n$", *map(tex, columns)]),
    ]
    for block, members in _blocks(rows):
        lines += [
            r"\midrule",
            rf"\multicolumn{{{len(columns) + 2}}}{{l}}{{\emph{{{tex(block)}}}}} \\",
        ]
        lines += [_tex_row([tex(r.label), r.n, *map(_tex_entry, r.entries)]) for r in members]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table*}", ""])


def console(
    title: str, columns: list[str], rows: list[Row], notes: list[str], head: str = "Method"
) -> Any:
    """A rich table, intervals dim and under their numbers, and the notes below it; a narrow terminal gets it in parts."""
    return Group(_Folded(title, columns, rows, head), *(Text(note, style="dim") for note in notes))


@dataclass(frozen=True, slots=True)
class _Folded:
    """A table that goes on below itself where its columns are too many for the terminal."""

    title: str
    columns: list[str]
    rows: list[Row]
    head: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        roomy = options.update_width(
            100 * (len(self.columns) + 2)
        )  # a measure is cut at the width that it is asked for
        first = 0
        while first == 0 or first < len(self.columns):
            parts = (self._part(first, stop) for stop in range(len(self.columns), first, -1))
            fitting = (
                part
                for part in parts
                if console.measure(part, options=roomy).maximum <= options.max_width
            )
            table = next(fitting, self._part(first, first + 1))
            yield table
            first += max(1, len(table.columns) - 2)

    def _part(self, first: int, stop: int) -> Table:
        title = self.title if first == 0 else None
        table = Table(
            title=title,
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        table.add_column(self.head, no_wrap=True)
        table.add_column("n", justify="right")
        for column in self.columns[first:stop]:
            table.add_column("\n".join(column.split()), justify="right", min_width=12, no_wrap=True)
        for block, members in _blocks(self.rows):
            table.add_section()
            table.add_row(Text(block, style="italic"))
            for row in members:
                table.add_row(
                    f"  {row.label}", row.n, *map(_console_entry, row.entries[first:stop])
                )
        return table


def tex(text: str) -> str:
    """Text with what LaTeX would read as commands made plain, and Greek letters in math."""
    return "".join(TEX.get(character, character) for character in text)


def _blocks(rows: list[Row]) -> Iterator[tuple[str, Iterator[Row]]]:
    return itertools.groupby(rows, key=lambda row: row.block)


def _bar(entries: list[str]) -> str:
    return f"| {' | '.join(entries)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("_", "\\_").replace("*", "\\*")


def _tex_row(entries: list[str]) -> str:
    return " & ".join(entries) + r" \\"


def _tex_entry(entry: Entry) -> str:
    if entry.interval() in ("", NONE):
        return tex(entry.line())
    return rf"\shortstack{{{tex(entry.number())}\\{{\tiny {tex(entry.interval())}}}}}"


def _console_entry(entry: Entry) -> Text:
    between = " " if entry.interval() in ("", NONE) else "\n"
    short = re.sub(r"\b0\.", ".", entry.interval())  # a terminal is narrow
    return Text.assemble(entry.number(), between, (short, "dim"))
