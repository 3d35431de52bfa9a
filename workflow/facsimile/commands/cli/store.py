"""Commands that change the store: results of another machine, and runs to make again."""

from pathlib import Path
from typing import Annotated

import typer

from facsimile.commands.cli.arguments import RunName, StudyName
from facsimile.commands.cli.output import log
from facsimile.planning.workspace import Workspace


def export(
    context: typer.Context,
    study: StudyName,
    to: Annotated[
        Path,
        typer.Option(help="the bundle to write: FILE.tar or FILE.tar.gz"),
    ],
    latents: Annotated[
        bool,
        typer.Option(help="include the latents, from which other metrics can be computed"),
    ] = False,
    weights: Annotated[
        bool,
        typer.Option(help="include the trained weights"),
    ] = False,
) -> None:
    """Write the finished runs of a study into one file, with checksums.

    `facsimile adopt` reads the file on another machine.
    """
    from facsimile.commands.bundles import export
    from facsimile.foundation.units import size

    exported = export.export(context.obj(), study, to, latents, weights)
    missing = f"; {exported.missing:,} are not finished yet" if exported.missing else ""
    log(f"{to}: {exported.runs:,} runs, {size(exported.bytes)}{missing}")


def adopt(
    context: typer.Context,
    bundle: Annotated[
        Path | None,
        typer.Argument(
            help="a file of `facsimile export`; without it, the runs in results/ are registered"
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(help="overwrite runs that are here with those of the bundle"),
    ] = False,
) -> None:
    """Import results from another machine, so that snakemake does not make them again."""
    from facsimile.commands.bundles import adopt

    adopt.report(context.obj(), bundle, replace, log)


def forget(
    context: typer.Context,
    run: RunName,
    latents: Annotated[
        bool,
        typer.Option("--latents", help="remove only its latents: encode again, do not train"),
    ] = False,
) -> None:
    """Remove one run and the indexes of its shards, so that snakemake makes it again.

    Runs that start from its weights are named; they stay.
    """
    from facsimile.store import records

    workspace: Workspace = context.obj()
    forgotten = workspace.find_run(run)
    for path in records.forget(workspace.paths, forgotten, latents):
        log(f"removed {path}")
    if latents:
        return
    for other in workspace.descendants(forgotten):
        if workspace.paths.run(other.key).exists():
            log(f"{other.key} started from it and is kept; to make it again, too:")
            log(f"  facsimile forget {other.key}")
