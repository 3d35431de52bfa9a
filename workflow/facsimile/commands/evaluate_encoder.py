"""``facsimile evaluate``: scores of an encoder, beside those of shipped models."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from facsimile.commands import score_file, user_function
from facsimile.presentation import names
from facsimile.scoring.encoder import EncodeError
from facsimile.scoring.evaluate import evaluate
from facsimile.studies.study import CONTROLS

NUMBERS = ("value", "lowest", "median", "highest")


def report(
    place: str,
    dataset: str,
    outputs: Sequence[Path],
    console: Console,
    **settings: Any,
) -> pd.DataFrame:
    """Evaluate an encoder, print its scores and their place, and write them to ``outputs``.

    ``place``: the encoder, as ``my_file.py:encode``. ``outputs``: .csv and .parquet files.
    ``settings``: further arguments of ``facsimile.evaluate``. Warnings are printed to stderr.
    Returns the scores. Raises ValueError, with the name of the encoder, if it cannot be evaluated.
    """
    encode = user_function.load(place)
    with score_file.printed_warnings(place):
        try:
            table = evaluate(encode, dataset, **settings)
        except EncodeError as error:
            raise EncodeError(f"{place}: {error}") from error
    score_file.write(table, outputs)
    title = " · ".join([f"{place}: {dataset}", *score_file.points_of(table)])
    console.print(score_file.shown(table, title))
    if table["baselines"].any():
        console.print(beside(table))
    else:
        console.print(f"No scores of {dataset} with these settings come with Facsimile.")
    return table


def beside(table: pd.DataFrame) -> Table:
    """The scores that have baselines, one per line, beside those of the shipped models."""
    title = "beside the models that come with Facsimile"
    grid = score_file.empty_grid(title, table.attrs["baselines"])
    grid.padding = (0, 1, 0, 0)
    grid.add_column("score", overflow="fold")
    for name in (*NUMBERS, "higher than", *CONTROLS):
        grid.add_column(name, justify="right", no_wrap=True)
    for row in table[table["baselines"] > 0].to_dict("records"):
        numbers = [_number(row[name]) for name in NUMBERS]
        count = "–" if pd.isna(row["higher_than"]) else f"{row['higher_than']}"
        controls = [_number(row[name]) for name in CONTROLS]
        score = names.metric(f"{row['metric']}.{row['score']}")
        grid.add_row(score, *numbers, f"{count} of {row['baselines']}", *controls)
    return grid


def _number(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.3f}"
