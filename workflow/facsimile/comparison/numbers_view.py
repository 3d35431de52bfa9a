"""A comparison of published numbers with ours, on the console and as Markdown."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.columns import Columns
from rich.console import Group
from rich.table import Table
from rich.text import Text

from facsimile.comparison import nearest, published
from facsimile.comparison.verdict import (
    DECIDED,
    DIFFERS,
    INSIDE_INTERVAL,
    NO_SOURCE,
    NOT_COMPARABLE,
    OF_NUMBERS,
    STYLES,
    SYMBOLS,
    counts_in_words,
)
from facsimile.presentation import names
from facsimile.presentation.markdown import Footnotes, grid
from facsimile.presentation.rendering import NONE, Entry

Row = dict[Any, Any]  # a row of comparison.csv, by its columns

# Of more numbers, pages and screens list those that differ.
MOST_LISTED = 300
# Columns of the CSV in which an empty field stands for NaN.
NUMBERS = ("value", "spread", "ours", "low", "high", "difference")


def read(path: Path) -> pd.DataFrame:
    """Read comparison.csv; an empty text is a text, an empty number is missing."""
    missing = {column: [""] for column in NUMBERS}
    return pd.read_csv(path, keep_default_na=False, na_values=missing)


def without_design(comparison: pd.DataFrame) -> pd.DataFrame:
    """A comparison without the size of the study: it is what the study file states, no result."""
    return comparison[comparison["metric"] != published.DESIGN]


def is_judged(comparison: pd.DataFrame) -> bool:
    """Whether any number or claim has a verdict other than not comparable."""
    return not judged(comparison).empty


def judged(comparison: pd.DataFrame) -> pd.DataFrame:
    """Rows of numbers or claims that are neither without a source nor not comparable."""
    has_verdict = comparison["verdict"].isin(DECIDED)
    return comparison[has_verdict]


def main_obstacle(comparison: pd.DataFrame) -> str:
    """The most frequent reason why numbers are not comparable; "" if all are."""
    reasons = comparison.loc[comparison["verdict"] == NOT_COMPARABLE, "reason"]
    return "" if reasons.empty else str(reasons.mode().iloc[0])


def compact(
    comparison: pd.DataFrame,
    title: str,
    legend: bool = True,
) -> Any:
    """The numbers that both sides have, one line each, with a mark for the verdict.

    Lines are grouped by data set, or by model if there is one data set; the groups stand side by
    side if there is room. ``legend`` explains the marks.
    """
    compared, unlisted = _listed(with_both_sides(comparison))
    several_datasets = compared["dataset"].nunique() > 1
    column = "dataset" if several_datasets else "model"
    name = names.dataset if several_datasets else names.model
    groups = []
    for value, rows in compared.groupby(column, sort=False):
        groups.append(_compact_group(name(str(value)), rows, column))
    heading = Text(title, style="bold")
    lines = [Text(line, style="dim") for line in unlisted]
    if legend:
        marks = [f"{SYMBOLS[verdict]} {verdict}" for verdict in OF_NUMBERS]
        lines.append(Text("  ".join(marks), style="dim"))
    return Group(heading, Columns(groups, padding=(0, 4)), *lines)


def _compact_group(
    title: str,
    rows: pd.DataFrame,
    grouped_by: str,
) -> Table:
    """A table with the columns number, ours, published, mark, and our interval if it decided."""
    table = Table(
        box=None,
        pad_edge=False,
        header_style="dim",
        collapse_padding=True,
    )
    heading = Text(title, style="italic")
    table.add_column(heading, no_wrap=True)
    table.add_column("ours", justify="right", no_wrap=True)
    table.add_column("paper", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    records = rows.to_dict("records")
    has_intervals = any(map(_deciding_interval, records))
    if has_intervals:
        table.add_column("", style="dim", no_wrap=True)
    labels = _labels(rows, grouped_by)
    for label, row in zip(labels, records, strict=True):
        verdict = row["verdict"]
        ours = like(row["ours"], row["value"])
        published = plain(row["value"])
        mark = Text(SYMBOLS[verdict], style=STYLES[verdict])
        cells: list[Text | str] = [label, ours, published, mark]
        if has_intervals:
            cells.append(_deciding_interval(row))
        table.add_row(*cells)
    return table


def _labels(rows: pd.DataFrame, grouped_by: str) -> list[str]:
    """The shortest label of each row that tells it from the others of its group."""
    scores = names.scores(list(rows["metric"]))
    has_models = grouped_by != "model" and rows["model"].nunique() > 1
    has_statistics = rows["statistic"].nunique() > 1
    labels = []
    for score, row in zip(scores, rows.to_dict("records"), strict=True):
        parts = [
            names.model(row["model"]) if has_models else "",
            score,
            names.settings(row["params"]) if row["params"] else "",
            row["statistic"] if has_statistics else "",
            row.get("faithful_to", ""),
        ]
        labels.append(" ".join(filter(None, parts)))
    # A paper may print a number in a table and release it with more digits.
    is_repeated = pd.Series(labels).duplicated(keep=False)
    ways = rows["how"]
    for i, how in enumerate(ways):
        if is_repeated[i]:
            labels[i] += f" ({how})"
    return labels


def _deciding_interval(row: Row) -> str:
    """Our interval, if the published number is reproduced because it lies inside."""
    if not row["reason"].startswith(INSIDE_INTERVAL):
        return ""
    return f"[{like(row['low'], row['value'])}, {like(row['high'], row['value'])}]"


def like(value: float, printed: float) -> str:
    """A number with as many decimals as a printed one is shown with, and at least three."""
    decimals = len(plain(printed).partition(".")[2])
    return f"{value:,.{decimals}f}" if printed < 1000 else plain(value)


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
    compared = with_both_sides(comparison)
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
    """The lines below the table: variants, numbers without a result of ours, verdicts."""
    variants = [Text(line) for line in nearest.counted(comparison)]
    verdicts = without_design(comparison)["verdict"]
    return [*variants, *_without_result(comparison), totals(verdicts)]


def markdown(comparison: pd.DataFrame, prefix: str) -> str:
    """The same as Markdown: a table with sources and reasons as footnotes, then the counts.

    ``prefix`` makes the names of the footnotes unique on the page.
    """
    notes = Footnotes(prefix)
    rows = []
    listed, unlisted = _listed(with_both_sides(comparison))
    for row in listed.to_dict("records"):
        rows.append(_markdown_row(row, notes))
    table = []
    if rows:
        table = grid(("number", "published", "ours", "verdict"), rows)
    counts = [f"- {line}" for line in unlisted]
    counts += [f"- {line.plain}" for line in _counts(comparison)]
    lines = [*table, "", *counts, "", *notes.lines()]
    return "\n".join(lines)


def _listed(compared: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows that a page or a screen lists, and a line about the others, if there are any."""
    if len(compared) <= MOST_LISTED:
        return compared, []
    listed = compared[compared["verdict"] == DIFFERS]
    count = len(compared) - len(listed)
    line = f"of {len(compared):,} numbers, {count:,} that do not differ are in comparison.csv alone"
    return listed, [line]


def with_both_sides(comparison: pd.DataFrame) -> pd.DataFrame:
    """Rows that have a published number and a result of ours."""
    is_published = comparison["verdict"] != NO_SOURCE
    has_result = comparison["n"] > 0
    return comparison[is_published & has_result]


def _markdown_row(row: Row, notes: Footnotes) -> tuple[str, ...]:
    source = notes.mark(row["source"])
    published = f"{plain(row['value'])}{_spread(row)} ({row['how']}){source}"
    ours = _ours(row).plain.replace("\n", " ")
    reason = row["reason"]
    if row.get("remedy"):
        reason += f"; it needs {row['remedy']}"
    verdict = f"**{row['verdict']}**{notes.mark(reason)}{_nearest(row)}"
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


def _without_result(comparison: pd.DataFrame) -> list[Text]:
    """Counts of the published numbers that no result of ours stands beside; the CSV lists them."""
    is_published = comparison["verdict"] != NO_SOURCE
    no_result = comparison["n"] == 0
    lines = []
    for artefact, rows in comparison[is_published & no_result].groupby("artefact", sort=False):
        numbers = "1 published number" if len(rows) == 1 else f"{len(rows)} published numbers"
        lines.append(Text(f"{artefact}: {numbers} without a result of ours", style="dim"))
    return lines


def totals(verdicts: Iterable[str], styles: Mapping[str, str] = STYLES) -> Text:
    """``30 reproduced · 2 differ``: how often each verdict occurs, in its colour."""
    texts = []
    for verdict, words in counts_in_words(verdicts, styles).items():
        texts.append(Text(words, style=styles[verdict]))
    return Text(" · ").join(texts) if texts else Text("no published number")
