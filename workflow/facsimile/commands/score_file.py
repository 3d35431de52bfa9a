"""``facsimile score``: metrics of latents in a file, as a table on the terminal and for other programs."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from facsimile import metrics
from facsimile.foundation import atomic
from facsimile.metrics.base import metric_card
from facsimile.scoring import latents_file

ARROWS = {"higher": "↑", "lower": "↓"}


def score(
    path: Path,
    asked: Sequence[str] | str | None,
    convention: str,
    seed: int,
    points: tuple[int, int],
    batch: int,
    outputs: Sequence[Path],
    console: Console,
) -> pd.DataFrame:
    """Score the latents of a file, print the scores and write them to ``outputs`` (.csv, .parquet); progress goes to stderr.

    ``asked``: names of metrics, None for those of the study that the file has what they need for, "all" for every one.
    ``points``: training and test points. Raises ValueError, with the file's name, for what cannot be read or scored.
    """
    found = latents_file.read(path)
    if found.unused:
        print(
            f"{path}: not used: {', '.join(found.unused)} (known are {', '.join(latents_file.NAMES)})",
            file=sys.stderr,
        )
    try:
        table = metrics.score(
            found.codes,
            found.factors,
            asked,
            convention,
            seed,
            *points,
            progress=True,
            batch=batch,
            **found.given,
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    for output in outputs:
        write(table, output)
    rows, width, count = *found.codes.shape, found.factors.shape[1]
    title = f"{path}: {rows:,} rows, {width} codes, {count} factors · {points[0]:,} + {points[1]:,} points · seed {seed}"
    console.print(shown(table, title))
    return table


def shown(table: pd.DataFrame, title: str) -> Table:
    """The scores, one a line; headlines are bold, with their range and the direction in which they are good."""
    grid = Table(
        title=Text(title),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    grid.caption, grid.caption_justify = (
        "bold: headline; ↑ higher is better, ↓ lower is better",
        "left",
    )
    for name in ("metric", "score"):
        grid.add_column(name, no_wrap=True)
    grid.add_column("value", justify="right", no_wrap=True)
    for name in ("range", "convention"):
        grid.add_column(name, overflow="fold")
    for metric, rows in table.groupby("metric", sort=False):
        card = metric_card.card(str(metric))
        grid.add_section()
        for i in range(len(rows)):
            grid.add_row(*_line(rows.iloc[i], card, first=i == 0))
    return grid


def _line(row: "pd.Series[Any]", card: metric_card.Card, first: bool) -> list[Text]:
    headline = row["score"] == card.headline
    about = f"{card.range_text} {ARROWS[card.better]}" if headline else ""
    return [
        Text(row["metric"] if first else ""),
        Text(row["score"], style="bold" if headline else ""),
        Text(f"{row['value']:.4f}", style="bold" if headline else ""),
        Text(about, style="dim"),
        Text(row["convention"] if first else "", style="dim"),
    ]


def checked(output: Path, ending: str) -> Path:
    """A path that can be written and ends as its option says; raises ValueError, before anything is computed."""
    if output.suffix != ending:
        raise ValueError(f"{output}: must end in {ending}")
    if output.is_dir() or not output.parent.is_dir():
        raise ValueError(
            f"{output}: cannot be written; {output.parent} must be a folder that exists"
        )
    return output


def write(table: pd.DataFrame, output: Path) -> None:
    """Write the scores whole or not at all."""
    if output.suffix == ".csv":
        atomic.write_bytes(output, table.to_csv(index=False, lineterminator="\n").encode())
        return
    with atomic.replacing(output) as temporary:
        table.to_parquet(temporary, index=False)
