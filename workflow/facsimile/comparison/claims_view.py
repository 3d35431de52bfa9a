"""A study's claims with their verdicts, on the console and as Markdown."""

import math
from typing import Any

import pandas as pd
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from facsimile.comparison.numbers_view import STYLES
from facsimile.presentation import markdown as presentation_markdown
from facsimile.presentation.rendering import NONE


def console(claims: pd.DataFrame) -> Any:
    """Something that a rich Console prints: a claim, its number and rule, its verdict; then what to type and what it costs.

    A reason that several claims have is a note below them.
    """
    table = Table(
        title="Claims",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for column, ratio in (("claim", 6), ("found", 4), ("verdict", 5)):
        table.add_column(column, ratio=ratio)
    reasons = pd.Series(
        [part for reason in claims["reason"] for part in reason.split("; ")], dtype=object
    )
    notes = {reason: f"({i})" for i, reason in enumerate(reasons[reasons.duplicated()].unique(), 1)}
    for row in claims.to_dict("records"):
        table.add_row(*_line(row, notes))
        table.add_section()
    said = [Text(f"{mark} {reason}", style="dim") for reason, mark in notes.items()]
    return Group(table, *said, *(Text(line, style="dim") for line in _commands(claims)))


def _line(row: dict[Any, Any], notes: dict[str, str]) -> list[Text]:
    why = "\n".join(notes.get(part, part) for part in row["reason"].split("; "))
    unchecked = "" if row["verified"] else " · not checked against the PDF"
    return [
        Text.assemble(row["text"], (f"\n{row['claim']}{unchecked}", "dim")),
        Text.assemble(number(row), (f"\n{row['rule']}", "dim")),
        Text.assemble((row["verdict"], STYLES[row["verdict"]]), (f"\n{why}", "dim")),
    ]


def markdown(claims: pd.DataFrame, prefix: str) -> str:
    """A table for a page: claim, number, rule, verdict with its reasons as footnotes, then the commands and their cost."""
    notes = presentation_markdown.Footnotes(prefix)
    rows = [
        (row["text"], number(row), row["rule"], _verdict(row, notes))
        for row in claims.to_dict("records")
    ]
    *typed, cost = _commands(claims)
    code = ["```sh", *typed, "```"]
    return "\n".join(
        [
            *presentation_markdown.grid(("claim", "found", "rule", "verdict"), rows),
            "",
            *code,
            "",
            f"{cost}.",
            "",
            *notes.lines(),
        ]
    )


def _verdict(row: dict[Any, Any], notes: presentation_markdown.Footnotes) -> str:
    return f"**{row['verdict']}**{''.join(notes.mark(part) for part in row['reason'].split('; '))}"


def number(row: dict[Any, Any]) -> str:
    """``0.123 [0.045, 0.2], n = 60``, or – for no number."""
    if not math.isfinite(row["value"]):
        return NONE
    interval = f" [{row['low']:.3g}, {row['high']:.3g}]" if math.isfinite(row["low"]) else ""
    return f"{row['value']:.3g}{interval}, n = {row['n']:,}"


def _commands(claims: pd.DataFrame) -> list[str]:
    """Commands, those of several claims once, and what each costs."""
    costs = "; ".join(dict.fromkeys(claims["cost"]))
    typed = [
        f"{command}    # {', '.join(own['claim'])}"
        for command, own in claims.groupby("command", sort=False)
    ]
    return [*typed, f"Cost of each where nothing is made yet: {costs}"]
