"""Tables: one file a kind, found by its name; each has ``make(scores, runs, spec, context)`` and ``cells(spec, context)``.

``make`` takes the tidy scores and runs and answers rows of numbers with intervals and n, notes, and the tidy data behind them.
``cells`` lists the numbers that the paper's table states, so that the comparison can ask for each.
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
    """A table, ready to be printed; ``data`` has a row a number, with interval and n."""

    title: str
    columns: list[str]
    rows: list[Row]
    notes: list[str]
    data: pd.DataFrame = field(repr=False)
    head: str = "Method"  # what a row is

    def wide(self) -> pd.DataFrame:
        """As printed, entries as text."""
        body = [
            [row.block, row.label, row.n, *(entry.line() for entry in row.entries)]
            for row in self.rows
        ]
        return pd.DataFrame(body, columns=["block", self.head.lower(), "n", *self.columns])

    def markdown(self) -> str:
        """GitHub's Markdown."""
        return rendering.markdown(self.title, self.columns, self.rows, self.notes, head=self.head)

    def latex(self, label: str) -> str:
        """A LaTeX table; needs the packages booktabs and amsmath."""
        return rendering.latex(self.title, self.columns, self.rows, self.notes, label, self.head)

    def console(self) -> Any:
        """Something that a rich Console prints."""
        return rendering.console(self.title, self.columns, self.rows, self.notes, head=self.head)


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """Make one table; raises UnknownName if no file of tables/ is called ``spec.kind``."""
    made: Table = discover.module("tables", spec.kind).make(scores, runs, spec, context)
    return made


def save(table: Table, folder: Path, name: str) -> list[Path]:
    """Write ``name``.csv (tidy numbers), .md and .tex, each whole or not at all."""
    texts = {
        "csv": table.data.to_csv(index=False, lineterminator="\n"),
        "md": table.markdown(),
        "tex": table.latex(f"tab:{name}"),
    }
    for ending, text in texts.items():
        atomic.write_bytes(folder / f"{name}.{ending}", text.encode())
    return [folder / f"{name}.{ending}" for ending in texts]
