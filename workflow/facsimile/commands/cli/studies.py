"""Commands about studies and their runs: what there is, what it costs, how far it is."""

from typing import Annotated

import typer

from facsimile.commands.cli.arguments import RunName, StudyName
from facsimile.commands.cli.output import console
from facsimile.planning.workspace import Workspace


def list_(
    context: typer.Context,
    study: Annotated[
        str | None,
        typer.Argument(help="id of a study; without it, all studies are listed"),
    ] = None,
    match: Annotated[
        str,
        typer.Option(help="only runs whose line contains this text, such as beta=4"),
    ] = "",
    shards: Annotated[
        bool,
        typer.Option(help="list shards instead of runs"),
    ] = False,
) -> None:
    """List studies, or the runs of one study with their names and states."""
    from facsimile.commands import listing

    workspace: Workspace = context.obj()
    listing.show(workspace, study, match, shards, console)
    if study is None:
        listing.require_valid(workspace)


def plan(context: typer.Context, study: StudyName) -> None:
    """Estimate what a study will cost before it starts: runs, steps, hours, bytes."""
    from facsimile.commands.status import status

    status.plan(context.obj(), study, console)


def status(
    context: typer.Context,
    study: StudyName,
    watch: Annotated[
        float | None,
        typer.Option(min=1, help="refresh every WATCH seconds until everything is done"),
    ] = None,
) -> None:
    """Show the progress of a study: finished, running, failed and pending runs.

    Also shows failed jobs with their likely cause, and disk usage. Only reads files.
    """
    from facsimile.commands.status import status

    workspace: Workspace = context.obj()
    if watch is None:
        status.status(workspace, study, console)
    else:
        status.watch(workspace, study, watch, console)


def explain(context: typer.Context, run: RunName) -> None:
    """Show what a run is, its state, and whether and why it would be trained again."""
    from facsimile.commands import explain

    workspace: Workspace = context.obj()
    explain.explain(workspace, workspace.find_run(run), console)


def doctor(
    context: typer.Context,
    study: Annotated[
        str | None,
        typer.Argument(help="id of a study: also check that its results will fit on the disk"),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="a Snakemake profile; slurm: also check that the cluster responds"),
    ] = None,
) -> None:
    """Check this machine and cluster for problems before a large run.

    Checks the profile, cluster, GPU, disk, file locks, clock and installed versions.
    """
    from facsimile.commands.doctor import checks

    passed = checks.doctor(context.obj(), study, profile, console)
    raise typer.Exit(0 if passed else 1)


def snakefile() -> None:
    """Print the path of the Snakefile, to run the workflow outside a checkout.

    As in `snakemake -s $(facsimile snakefile) STUDY --cores 2 --configfile config.yaml`.
    """
    from facsimile.planning import environment

    typer.echo(environment.snakefile())
