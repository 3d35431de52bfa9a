"""Tables: one file per kind, discovered by its name.

A kind defines two functions:

``make(scores, runs, spec, context) -> Table``
    Rows of numbers with intervals and n, the notes below them, and the tidy data behind them, from
    the gathered scores and runs. Missing scores are shown as missing.
``cells(spec, context) -> list of Quantity``
    The numbers that the paper's table states, each of which the comparison looks up.

A kind whose numbers are not statistics of one score over runs defines a third:

``own_estimates(scores, spec, context) -> dict of Quantity to Estimate``
    Our values of these numbers. Their statistics are in ``published.OF_TABLES``, or the numbers
    have ``coordinates``, such as the place of a marker on a curve.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from facsimile.foundation import atomic, discover
from facsimile.presentation import rendering
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Row
from facsimile.presentation.spec import Spec


@dataclass(frozen=True)
class Table:
    """A table, ready to be printed.

    Parameters
    ----------
    title, columns
        Title of the table and titles of its columns of numbers.
    rows
        Rows with one entry per column.
    notes
        Lines below the table.
    data
        Tidy data: one row per number, with its interval and n.
    head
        Title of the first column: what a row is.
    """

    title: str
    columns: list[str]
    rows: list[Row]
    notes: list[str]
    data: pd.DataFrame = field(repr=False)
    head: str = "Method"

    def wide(self) -> pd.DataFrame:
        """The table as it is printed, with entries as text."""
        lines = []
        for row in self.rows:
            entries = [entry.line() for entry in row.entries]
            lines.append([row.block, row.label, row.n, *entries])
        return pd.DataFrame(lines, columns=["block", self.head.lower(), "n", *self.columns])

    def markdown(self) -> str:
        """The table in GitHub's Markdown."""
        return rendering.markdown(self.title, self.columns, self.rows, self.notes, head=self.head)

    def latex(self, label: str) -> str:
        r"""The table in LaTeX, with ``\label{label}``; needs the packages booktabs and amsmath."""
        return rendering.latex(self.title, self.columns, self.rows, self.notes, label, self.head)

    def console(self, brief: bool = False) -> Any:
        """The table as a renderable of a rich Console.

        ``brief``: without intervals, notes, and rows that have no number.
        """
        rows = rendering.without_intervals(self.rows) if brief else self.rows
        notes = [] if brief else self.notes
        return rendering.console(self.title, self.columns, rows, notes, head=self.head)


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """Make one table.

    Parameters
    ----------
    scores
        Gathered scores, one row per number (scores.parquet).
    runs
        The runs behind them (runs.parquet).
    spec
        The table; ``spec.kind`` is the name of a file in tables/.
    context
        The study at one of its scales.

    Raises
    ------
    UnknownName
        If there is no such kind of table.
    """
    table: Table = discover.module("tables", spec.kind).make(scores, runs, spec, context)
    return table


def save(
    table: Table,
    folder: Path,
    name: str,
) -> list[Path]:
    """Write ``name``.csv (tidy data), .md and .tex; a file is written completely or not at all."""
    texts = {
        "csv": table.data.to_csv(index=False, lineterminator="\n"),
        "md": table.markdown(),
        "tex": table.latex(f"tab:{name}"),
    }
    paths = []
    for ending, text in texts.items():
        path = folder / f"{name}.{ending}"
        atomic.write_bytes(path, text.encode())
        paths.append(path)
    return paths
