"""``facsimile score``: metrics of latents in a file, printed as a table and written to files."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from facsimile import metrics as all_metrics
from facsimile.foundation import atomic
from facsimile.metrics.base import metric_card
from facsimile.metrics.base.draws import DISJOINT
from facsimile.metrics.base.rows import ScoreWarning
from facsimile.scoring import latents_file

ARROWS = {"higher": "↑", "lower": "↓"}
CAPTION = "bold: headline; ↑ higher is better, ↓ lower is better"


def score(
    path: Path,
    metrics: Sequence[str] | str | None,
    convention: str,
    seed: int,
    points: tuple[int, int],
    batch: int,
    outputs: Sequence[Path],
    console: Console,
    sampling: str = "auto",
    bins: int | None = None,
) -> pd.DataFrame:
    """Score the latents of a file, print the scores and write them to ``outputs``.

    The file, .npz or .h5, has arrays codes [N, d] and factors [N, k]. ``metrics``, ``sampling`` and
    ``bins`` are those of ``facsimile.score``. ``points`` are the numbers of training and test
    points; ``outputs`` are .csv and .parquet files. Progress is printed to stderr, and so is why a
    metric has no value. Raises ValueError, with the name of the file, if it cannot be read or
    scored.
    """
    content = latents_file.read(path)
    if content.unused:
        names = ", ".join(latents_file.NAMES)
        message = f"{path}: not used: {', '.join(content.unused)} (recognised names: {names})"
        print(message, file=sys.stderr)
    with printed_warnings(path):
        try:
            table = all_metrics.score(
                content.codes,
                content.factors,
                metrics,
                convention,
                seed,
                *points,
                progress=True,
                batch=batch,
                sampling=sampling,
                bins=bins,
                **content.outputs,
            )
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    write(table, outputs)
    console.print(shown(table, _title(path, content, table)))
    return table


@contextmanager
def printed_warnings(scored: object) -> Iterator[None]:
    """Print why scores may mislead to stderr, after the name of what was scored."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ScoreWarning)
        yield
    for warning in caught:
        print(f"warning: {scored}: {warning.message}", file=sys.stderr)


def _title(
    path: Path,
    content: latents_file.Latents,
    table: pd.DataFrame,
) -> str:
    """What was scored: the file, the points and how they were sampled."""
    n_rows, n_codes = content.codes.shape
    n_factors = content.factors.shape[1]
    rows = f"{path}: {n_rows:,} rows, {n_codes} codes, {n_factors} factors"
    parts = [rows, *points_of(table)]
    bins = table.iloc[0].bins
    if bins:
        parts.append(f"bins: {bins}")
    return " · ".join(parts)


def points_of(table: pd.DataFrame) -> list[str]:
    """How many points were sampled, how, and with which seed."""
    first = table.iloc[0]
    sampling = f"{first.n_shared:,} test points are training points"
    if first.sampling == DISJOINT:
        sampling = "disjoint rows"
    return [f"{first.n_train:,} + {first.n_test:,} points", sampling, f"seed {first.seed}"]


def empty_grid(title: str, caption: str) -> Table:
    """A table without columns, with its title and caption on the left."""
    return Table(
        title=Text(title),
        title_justify="left",
        title_style="bold",
        caption=caption,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )


def shown(table: pd.DataFrame, title: str) -> Table:
    """The scores, one per line; headlines are bold, with their range and an arrow for better."""
    grid = empty_grid(title, CAPTION)
    grid.add_column("metric", no_wrap=True)
    grid.add_column("score", no_wrap=True)
    grid.add_column("value", justify="right", no_wrap=True)
    grid.add_column("range", overflow="fold")
    grid.add_column("convention", overflow="fold")
    for metric, rows in table.groupby("metric", sort=False):
        card = metric_card.card(str(metric))
        grid.add_section()
        for i in range(len(rows)):
            grid.add_row(*_line(rows.iloc[i], card, first=i == 0))
    return grid


def _line(
    row: "pd.Series[Any]",
    card: metric_card.Card,
    first: bool,
) -> list[Text]:
    """Cells of one score; the metric and its convention are printed on its first line only."""
    is_headline = row["score"] == card.headline
    style = "bold" if is_headline else ""
    score_range = f"{card.range_text} {ARROWS[card.better]}" if is_headline else ""
    return [
        Text(row["metric"] if first else ""),
        Text(row["score"], style=style),
        Text("–" if isnan(row["value"]) else f"{row['value']:.4f}", style=style),
        Text(score_range, style="dim"),
        Text(row["convention"] if first else "", style="dim"),
    ]


def checked_all(
    csv: Path | None,
    parquet: Path | None,
) -> list[Path]:
    """The outputs that were requested; raises ValueError as ``checked`` does."""
    requested = {".csv": csv, ".parquet": parquet}
    outputs = []
    for ending, output in requested.items():
        if output:
            outputs.append(checked(output, ending))
    return outputs


def checked(output: Path, ending: str) -> Path:
    """Return the path of an output; called before anything is computed.

    Raises ValueError if it has another ending or cannot be written.
    """
    if output.suffix != ending:
        raise ValueError(f"{output}: must end in {ending}")
    if output.is_dir() or not output.parent.is_dir():
        raise ValueError(
            f"{output}: cannot be written; {output.parent} must be a folder that exists"
        )
    return output


def write(
    table: pd.DataFrame,
    outputs: Sequence[Path],
) -> None:
    """Write the scores to .csv and .parquet files; a failure leaves no partial file."""
    stored = table.assign(versions=table.attrs["versions"])
    for output in outputs:
        _write(stored, output)


def _write(table: pd.DataFrame, output: Path) -> None:
    if output.suffix == ".csv":
        text = table.to_csv(index=False, lineterminator="\n")
        atomic.write_bytes(output, text.encode())
        return
    with atomic.replacing(output) as temporary:
        table.to_parquet(temporary, index=False)
