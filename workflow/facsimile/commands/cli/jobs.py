"""Commands that jobs of the workflow run; seldom typed."""

from pathlib import Path
from typing import Annotated

import typer

from facsimile.commands.cli.arguments import Shard, StudyName
from facsimile.commands.cli.output import log
from facsimile.planning.workspace import Workspace

JOB_STOPPED = 143  # 128 + SIGTERM: the job wrote a checkpoint and can be started again


def data(
    context: typer.Context,
    dataset: Annotated[
        str,
        typer.Argument(help="name of a data set"),
    ],
    data_dir: Annotated[
        Path | None,
        typer.Option(help="folder of official files, searched first; downloads are saved in it"),
    ] = None,
) -> None:
    """Make the file of a data set: render it, or convert its official files.

    Official files that are missing are downloaded.
    """
    from facsimile import datasets
    from facsimile.datasets.base import unverified

    workspace: Workspace = context.obj()
    settings = workspace.config
    make = unverified.make if dataset in settings.unverified else datasets.make
    try:
        make(
            dataset,
            workspace.paths.dataset(dataset),
            settings.sources.get(dataset),
            data_dir=data_dir or settings.data_dir,
        )
    except datasets.DatasetError as error:
        raise unverified.with_remedy(error, dataset) from None


def train(context: typer.Context, shard: Shard) -> None:
    """Train the runs of a shard that are not in the store yet."""
    from facsimile.training.loop import Interrupted
    from facsimile.training.train_shard import train_shard

    workspace: Workspace = context.obj()
    try:
        # Two studies that share the shard train it in the same way: either will do.
        train_shard(workspace, workspace.shard(shard)[1], log)
    except Interrupted:
        log("stopped on request; the same command resumes from the checkpoint just written")
        # Not 0, so that Snakemake submits the job again.
        raise typer.Exit(JOB_STOPPED) from None


def encode(context: typer.Context, shard: Shard) -> None:
    """Write the latents of a shard that are not in the store yet."""
    from facsimile.training.encode_shard import encode_shard

    workspace: Workspace = context.obj()
    encode_shard(workspace, workspace.shard(shard)[1], log)


def score_shard(
    context: typer.Context,
    shard: Shard,
    panel: Annotated[
        str | None,
        typer.Option(help="name of the scores to compute, by default those of the whole study"),
    ] = None,
    fresh: Annotated[
        str,
        typer.Option(help="a metric to compute again although its scores are stored; every; none"),
    ] = "none",
    processes: Annotated[
        int,
        typer.Option(min=1, help="runs scored at the same time, on one core each"),
    ] = 1,
) -> None:
    """Compute the metrics of a study on a shard."""
    from facsimile.scoring import score_shard

    workspace: Workspace = context.obj()
    study, runs = workspace.shard(shard, panel)
    score_shard.score_shard(workspace, study, runs, fresh, log, processes, panel)


def collect(
    context: typer.Context,
    study: StudyName,
    panel: Annotated[
        str,
        typer.Option(help="name of a part of the scores, as in scores-PANEL.parquet"),
    ] = "",
) -> None:
    """Gather the scores of a study into runs.parquet and scores.parquet."""
    from facsimile.scoring import collect

    workspace: Workspace = context.obj()
    runs, scores = collect.collect(workspace, workspace.study(study), panel)
    failed = (runs["state"] == "failed").sum()
    log(f"{study}: {len(runs):,} runs ({failed} failed), {len(scores):,} scores")
