"""A comparison on the console: a line a published number, and how many numbers have no source."""

import math
from typing import Any

import pandas as pd
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from facsimile.comparison import nearest
from facsimile.presentation import markdown as presentation_markdown
from facsimile.presentation import names
from facsimile.presentation.rendering import NONE, Entry

NUMBERS = (
    "value",
    "spread",
    "ours",
    "low",
    "high",
    "difference",
)  # columns that may be empty in the CSV
STYLES = {
    "reproduced": "bold green",
    "differs": "bold red",
    "not comparable": "yellow",
    "no source": "dim",
}


def console(comparison: pd.DataFrame) -> Any:
    """Something that a rich Console prints; every row of the comparison is in its CSV."""
    table = Table(
        title="Published and reproduced",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for column, justify in (
        ("number", "left"),
        ("published", "right"),
        ("ours", "right"),
        ("verdict", "left"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    compared = _compared(comparison)
    repeated = compared.loc[compared["reason"].duplicated(keep=False), "reason"].unique()
    notes = {reason: i for i, reason in enumerate(repeated, 1)}
    for artefact, rows in compared.groupby("artefact", sort=False):
        table.add_section()
        table.add_row(Text(str(artefact), style="italic"))
        for row in rows.to_dict("records"):
            table.add_row(*_line(row, notes))
    said = [Text(f"({i}) {reason}", style="dim") for reason, i in notes.items()]
    said += [Text(line) for line in nearest.counted(comparison)]
    return Group(table, *said, *_unsourced(comparison), _totals(comparison))


def markdown(comparison: pd.DataFrame, prefix: str) -> str:
    """The same for a page: a table of what has both sides, sources and reasons as footnotes, and the counts."""
    notes = presentation_markdown.Footnotes(prefix)
    rows = [_cells(row, notes) for row in _compared(comparison).to_dict("records")]
    table = presentation_markdown.grid(("number", "published", "ours", "verdict"), rows)
    said = [
        *nearest.counted(comparison),
        *(text.plain for text in (*_unsourced(comparison), _totals(comparison))),
    ]
    return "\n".join(
        [*(table if rows else []), "", *(f"- {line}" for line in said), "", *notes.lines()]
    )


def _cells(row: dict[Any, Any], notes: presentation_markdown.Footnotes) -> tuple[str, ...]:
    spread = f" ± {row['spread']:g}" if math.isfinite(row["spread"]) else ""
    published = f"{plain(row['value'])}{spread} ({row['how']}){notes.mark(row['source'])}"
    ours = _ours(row).plain.replace("\n", " ")
    return (
        f"{row['artefact']}: {_what(row)}",
        published,
        ours,
        f"**{row['verdict']}**{notes.mark(row['reason'])}{_near(row)}",
    )


def _compared(comparison: pd.DataFrame) -> pd.DataFrame:
    """Rows that have a number on both sides."""
    return comparison[(comparison["verdict"] != "no source") & (comparison["n"] > 0)]


def _line(row: dict[Any, Any], notes: dict[str, int]) -> list[Text | str]:
    """A line of the table; a reason that several lines have is a note below it."""
    spread = f" ± {row['spread']:g}" if math.isfinite(row["spread"]) else ""
    why = f" ({notes[row['reason']]})" if row["reason"] in notes else f"\n{row['reason']}"
    verdict = Text.assemble((row["verdict"], STYLES[row["verdict"]]), _near(row), (why, "dim"))
    return [f"  {_what(row)}", f"{plain(row['value'])}{spread}\n{row['how']}", _ours(row), verdict]


def _what(row: dict[Any, Any]) -> str:
    who = " ".join(
        filter(
            None,
            [
                names.model(row["model"]),
                f"({names.settings(row['params'])})" if row["params"] else "",
            ],
        )
    )
    parts = [
        names.dataset(row["dataset"]),
        who,
        names.metric(row["metric"]),
        row["statistic"],
        row.get("faithful_to"),
    ]
    return " · ".join(filter(None, parts))


def _near(row: dict[Any, Any]) -> str:
    """Whether a variant is the one whose number lies nearest to the published one."""
    return ", nearest" if row.get("nearest") == "yes" else ""


def _ours(row: dict[Any, Any]) -> Text:
    entry = Entry(row["ours"], row["low"], row["high"])
    if not math.isfinite(row["ours"]):
        return Text(NONE)
    if row["statistic"] == "count":
        return Text(plain(row["ours"]))
    return Text.assemble(entry.number(), "\n", (f"{entry.interval()} n={row['n']}", "dim"))


def plain(value: float) -> str:
    """At least three decimals of a score, all that were printed; a count in full."""
    return (
        f"{value:,.0f}"
        if value >= 1000
        else f"{value:.3f}"
        if round(value, 3) == value
        else f"{value:g}"
    )


def _unsourced(comparison: pd.DataFrame) -> list[Text]:
    """What has only one side: said as counts, listed in the CSV."""
    unknown = comparison["verdict"] == "no source"
    alone = comparison[unknown | (comparison["n"] == 0)].assign(published=~unknown)
    words = {
        True: "published numbers have none of ours beside them",
        False: "numbers have no source",
    }
    counts = alone.groupby(["artefact", "published"], sort=False).size().reset_index(name="n")
    return [
        Text(f"{row['artefact']}: {row['n']} {words[bool(row['published'])]}", style="dim")
        for row in counts.to_dict("records")
    ]


def _totals(comparison: pd.DataFrame) -> Text:
    counts = comparison["verdict"].value_counts()
    words = [
        Text(f"{counts.get(verdict, 0)} {verdict}", style=style)
        for verdict, style in STYLES.items()
    ]
    return Text(" · ").join(words)
