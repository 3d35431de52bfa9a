"""A comparison of published numbers with ours, on the console and as Markdown."""

import math
from typing import Any

import pandas as pd
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from facsimile.comparison import nearest
from facsimile.comparison.verdict import NO_SOURCE, STYLES
from facsimile.presentation import names
from facsimile.presentation.markdown import Footnotes, grid
from facsimile.presentation.rendering import NONE, Entry

Row = dict[Any, Any]  # a row of comparison.csv, by its columns

# Columns of the CSV in which an empty field stands for NaN.
NUMBERS = ("value", "spread", "ours", "low", "high", "difference")


def console(comparison: pd.DataFrame) -> Any:
    """The comparison as a rich renderable: the numbers that both sides have, then the counts.

    A reason that several numbers share becomes a note below the table.
    """
    table = Table(
        title="Published and reproduced",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("number", justify="left")
    table.add_column("published", justify="right")
    table.add_column("ours", justify="right")
    table.add_column("verdict", justify="left")
    compared = _compared(comparison)
    notes = _numbers_of_shared_reasons(compared)
    for artefact, rows in compared.groupby("artefact", sort=False):
        table.add_section()
        table.add_row(Text(str(artefact), style="italic"))
        for row in rows.to_dict("records"):
            table.add_row(*_console_row(row, notes))
    lines = []
    for reason, number in notes.items():
        lines.append(Text(f"({number}) {reason}", style="dim"))
    lines += _counts(comparison)
    return Group(table, *lines)


def _numbers_of_shared_reasons(compared: pd.DataFrame) -> dict[str, int]:
    """Number the reasons that more than one row has, from 1."""
    reasons = compared["reason"]
    shared = reasons[reasons.duplicated(keep=False)].unique()
    return {reason: number for number, reason in enumerate(shared, 1)}


def _counts(comparison: pd.DataFrame) -> list[Text]:
    """The lines below the table: variants, numbers that only one side has, verdicts."""
    variants = [Text(line) for line in nearest.counted(comparison)]
    return [*variants, *_one_sided(comparison), _totals(comparison)]


def markdown(comparison: pd.DataFrame, prefix: str) -> str:
    """The same as Markdown: a table with sources and reasons as footnotes, then the counts.

    ``prefix`` makes the names of the footnotes unique on the page.
    """
    notes = Footnotes(prefix)
    rows = []
    for row in _compared(comparison).to_dict("records"):
        rows.append(_markdown_row(row, notes))
    table = []
    if rows:
        table = grid(("number", "published", "ours", "verdict"), rows)
    counts = [f"- {line.plain}" for line in _counts(comparison)]
    lines = [*table, "", *counts, "", *notes.lines()]
    return "\n".join(lines)


def _compared(comparison: pd.DataFrame) -> pd.DataFrame:
    """Rows that have a number on both sides."""
    is_published = comparison["verdict"] != NO_SOURCE
    has_result = comparison["n"] > 0
    return comparison[is_published & has_result]


def _markdown_row(row: Row, notes: Footnotes) -> tuple[str, ...]:
    source = notes.mark(row["source"])
    published = f"{plain(row['value'])}{_spread(row)} ({row['how']}){source}"
    ours = _ours(row).plain.replace("\n", " ")
    verdict = f"**{row['verdict']}**{notes.mark(row['reason'])}{_nearest(row)}"
    return f"{row['artefact']}: {_description(row)}", published, ours, verdict


def _console_row(row: Row, notes: dict[str, int]) -> list[Text | str]:
    published = f"{plain(row['value'])}{_spread(row)}\n{row['how']}"
    reason = f"\n{row['reason']}"
    if row["reason"] in notes:
        reason = f" ({notes[row['reason']]})"
    styled = (row["verdict"], STYLES[row["verdict"]])
    verdict = Text.assemble(styled, _nearest(row), (reason, "dim"))
    return [f"  {_description(row)}", published, _ours(row), verdict]


def _description(row: Row) -> str:
    """``dSprites · β-VAE (β = 4) · MIG · mean``."""
    model = names.model(row["model"])
    settings = f"({names.settings(row['params'])})" if row["params"] else ""
    parts = [
        names.dataset(row["dataset"]),
        " ".join(filter(None, [model, settings])),
        names.metric(row["metric"]),
        row["statistic"],
        row.get("faithful_to"),
    ]
    return " · ".join(filter(None, parts))


def _spread(row: Row) -> str:
    return f" ± {row['spread']:g}" if math.isfinite(row["spread"]) else ""


def _nearest(row: Row) -> str:
    """Marks the variant whose result is nearest to the published number."""
    return ", nearest" if row.get("nearest") == "yes" else ""


def _ours(row: Row) -> Text:
    if not math.isfinite(row["ours"]):
        return Text(NONE)
    if row["statistic"] == "count":
        return Text(plain(row["ours"]))
    entry = Entry(row["ours"], row["low"], row["high"])
    interval = f"{entry.interval()} n={row['n']}"
    return Text.assemble(entry.number(), "\n", (interval, "dim"))


def plain(value: float) -> str:
    """A score with at least three decimals and all that were printed; a count in full."""
    if value >= 1000:
        return f"{value:,.0f}"
    if round(value, 3) == value:
        return f"{value:.3f}"
    return f"{value:g}"


def _one_sided(comparison: pd.DataFrame) -> list[Text]:
    """Counts of the numbers that only one side has; the CSV lists them."""
    is_published = comparison["verdict"] != NO_SOURCE
    has_result = comparison["n"] > 0
    one_sided = comparison.assign(published=is_published)[~(is_published & has_result)]
    lines = []
    for (artefact, published), rows in one_sided.groupby(["artefact", "published"], sort=False):
        words = "numbers have no source"
        if published:
            words = "published numbers have no result of ours beside them"
        lines.append(Text(f"{artefact}: {len(rows)} {words}", style="dim"))
    return lines


def _totals(comparison: pd.DataFrame) -> Text:
    counts = comparison["verdict"].value_counts()
    totals = []
    for verdict, style in STYLES.items():
        totals.append(Text(f"{counts.get(verdict, 0)} {verdict}", style=style))
    return Text(" · ").join(totals)
