"""A study's claims with their verdicts, on the console and as Markdown."""

import math
from typing import Any

import pandas as pd
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from facsimile.comparison.verdict import MINIATURE_STYLES, STYLES, UNDECIDED
from facsimile.presentation import names
from facsimile.presentation.markdown import Footnotes, grid
from facsimile.presentation.rendering import NONE

Row = dict[Any, Any]  # a row of claims.csv, by its columns


def console(claims: pd.DataFrame) -> Any:
    """The claims as a rich renderable: a table, then the commands and their cost.

    A reason that several claims share becomes a note below the table.
    """
    table = Table(
        title="Claims",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("claim", ratio=6)
    table.add_column("value", ratio=4)
    table.add_column("verdict", ratio=5)
    marks = _marks_of_shared_reasons(claims)
    for row in claims.to_dict("records"):
        table.add_row(*_console_row(row, marks))
        table.add_section()
    lines = [f"{mark} {reason}" for reason, mark in marks.items()]
    lines += _commands(claims)
    return Group(table, *(Text(line, style="dim") for line in lines))


def in_miniature(row: Row) -> str:
    """``holds``, ``does not hold`` or ``undecided``; empty where the scale is no miniature."""
    # Files of earlier versions have no such column, and pandas reads empty fields as NaN.
    word = row.get("in_miniature", "")
    return word if isinstance(word, str) else ""


def miniature_words(claims: pd.DataFrame) -> list[str]:
    """The words of ``in_miniature`` of all claims that have one."""
    words = [in_miniature(row) for row in claims.to_dict("records")]
    return [word for word in words if word]


def _marks_of_shared_reasons(claims: pd.DataFrame) -> dict[str, str]:
    """A mark, ``(1)``, for each reason that more than one claim has."""
    listed: list[str] = []
    for reason in claims["reason"]:
        listed += reason.split("; ")
    reasons = pd.Series(listed, dtype=object)
    shared = reasons[reasons.duplicated()].unique()
    return {reason: f"({number})" for number, reason in enumerate(shared, 1)}


def _console_row(row: Row, marks: dict[str, str]) -> list[Text]:
    """The cells of a row: in each, dim text below what matters most."""
    name = row["claim"]
    if not row["verified"]:
        name += " · not checked against the PDF"
    claim = Text.assemble(row["text"], (f"\n{name}", "dim"))
    value = Text.assemble(number(row), (f"\n{row['rule']}", "dim"))
    verdict = Text()
    if word := in_miniature(row):
        verdict.append_text(Text.assemble((word, MINIATURE_STYLES[word]), " in miniature\n"))
    verdict.append_text(Text.assemble((row["verdict"], STYLES[row["verdict"]])))
    for reason in row["reason"].split("; "):
        verdict.append(f"\n{marks.get(reason, reason)}", style="dim")
    return [claim, value, verdict]


def markdown(claims: pd.DataFrame, prefix: str) -> str:
    """The claims as a Markdown table with reasons as footnotes, then the commands and their cost.

    ``prefix`` makes the names of the footnotes unique on the page.
    """
    notes = Footnotes(prefix)
    head = ["claim", "value", "rule", "verdict"]
    has_miniature = bool(miniature_words(claims))
    if has_miniature:
        head = ["claim", "value", "rule", "in miniature", "verdict on the paper"]
    rows = []
    for row in claims.to_dict("records"):
        verdict = _markdown_verdict(row, notes)
        words = [_miniature_cell(row, notes)] if has_miniature else []
        rows.append((row["text"], number(row), row["rule"], *words, verdict))
    *commands, cost = _commands(claims)
    lines = [
        *grid(head, rows),
        "",
        *("```sh", *commands, "```"),
        "",
        f"{cost}.",
        "",
        *notes.lines(),
    ]
    return "\n".join(lines)


def markdown_by_dataset(
    claims: pd.DataFrame,
    by_dataset: pd.DataFrame,
    prefix: str,
) -> str:
    """Each claim on each data set alone, as a Markdown table with reasons as footnotes.

    ``claims`` has the texts, ``by_dataset`` the columns ``comparison.claims.BY_DATASET``.
    """
    notes = Footnotes(prefix)
    datasets = list(dict.fromkeys(by_dataset["dataset"]))
    rows = []
    for claim, text in zip(claims["claim"], claims["text"], strict=True):
        of_claim = by_dataset[by_dataset["claim"] == claim].set_index("dataset")
        cells = []
        for row in of_claim.reindex(datasets).to_dict("records"):
            cells.append(f"{_miniature_cell(row, notes)} {number(row)}".strip())
        rows.append((text, *cells))
    head = ["claim", *map(names.dataset, datasets)]
    return "\n".join([*grid(head, rows), "", *notes.lines()])


def _miniature_cell(row: Row, notes: Footnotes) -> str:
    """``**holds**``; whatever is undecided has its reason as a footnote."""
    word = in_miniature(row)
    if not word:
        return ""
    mark = notes.mark(row["miniature_reason"]) if word == UNDECIDED else ""
    return f"**{word}**{mark}"


def _markdown_verdict(row: Row, notes: Footnotes) -> str:
    text = f"**{row['verdict']}**"
    for reason in row["reason"].split("; "):
        text += notes.mark(reason)
    return text


def number(row: Row) -> str:
    """``0.123 [0.045, 0.2], n = 60``, or – if there is no value."""
    if not math.isfinite(row["value"]):
        return NONE
    text = f"{row['value']:.3g}"
    if math.isfinite(row["low"]):
        text += f" [{row['low']:.3g}, {row['high']:.3g}]"
    return f"{text}, n = {row['n']:,}"


def _commands(claims: pd.DataFrame) -> list[str]:
    """Each distinct command with the claims that it tests; the last line is the cost."""
    lines = []
    for command, rows in claims.groupby("command", sort=False):
        lines.append(f"{command}    # {', '.join(rows['claim'])}")
    costs = "; ".join(dict.fromkeys(claims["cost"]))
    return [*lines, f"Cost of each if nothing has been computed yet: {costs}"]
