"""Arguments that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Shard = Annotated[
    str,
    typer.Argument(help="dataset/model/id, as `facsimile list STUDY --shards` prints it"),
]
StudyName = Annotated[
    str,
    typer.Argument(help="id of a study: the name of its folder in papers/"),
]
RunName = Annotated[
    str,
    typer.Argument(help="key of a run, any part of it that only one run has, or its folder"),
]
Convention = Annotated[
    str,
    typer.Option(help="published variant of a metric; facsimile explain-metric lists them"),
]
Seed = Annotated[
    int,
    typer.Option(min=0, max=2**32 - 1, help="seed for sampling points"),
]
Train = Annotated[
    int,
    typer.Option(min=1, help="number of training points"),
]
Test = Annotated[
    int,
    typer.Option(min=1, help="number of test points"),
]
Sampling = Annotated[
    str,
    typer.Option(
        help="disjoint: no row is both a training and a test point; replacement: rows are "
        "drawn as disentanglement_lib does; auto: that for a full grid, else disjoint"
    ),
]
Csv = Annotated[
    Path | None,
    typer.Option(help="also write the scores to this .csv file"),
]
Parquet = Annotated[
    Path | None,
    typer.Option(help="also write the scores to this .parquet file"),
]
Papers = Annotated[
    list[Path] | None,
    typer.Option(help="also find metrics in the papers of this folder; may be repeated"),
]
