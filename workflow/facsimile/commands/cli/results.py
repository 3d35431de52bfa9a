"""Commands about results: print, compare, draw and summarise them."""

from typing import Annotated

import typer

from facsimile.commands.cli.arguments import StudyName
from facsimile.commands.cli.output import console, log
from facsimile.foundation.paths import Paths
from facsimile.planning.workspace import Workspace


def show(
    context: typer.Context,
    study: Annotated[
        str | None,
        typer.Argument(help="id of a study; without it, all studies with results at the scale"),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="print all tables, published numbers, claims and files"),
    ] = False,
    reference: Annotated[
        bool,
        typer.Option(
            "--reference",
            help="results that come with Facsimile; without --scale, those of the largest scale",
        ),
    ] = False,
) -> None:
    """Print the results of a study on one screen: its first table, verdicts, where pictures are."""
    from facsimile.commands import show

    workspace: Workspace = context.obj()
    if study is None:
        if everything or reference:
            raise typer.BadParameter("--all and --reference need the name of a study")
        show.show_all(workspace, console)
        return
    if reference:
        workspace = _at_shipped_scale(context, study)
    folder = show.located(workspace, study, reference)
    show.show(workspace, study, folder, everything, console)


def report(
    context: typer.Context,
    study: StudyName,
    reference: Annotated[
        bool,
        typer.Option("--reference", help="of the scores that come with Facsimile"),
    ] = False,
) -> None:
    """Write the report of a study: pages that a browser opens from disk."""
    from facsimile import report

    workspace: Workspace = context.obj()
    shown = workspace
    if reference:
        from facsimile.commands import shipped_results

        shown = shipped_results.remade(_at_shipped_scale(context, study), study, log)
    # The libraries of the pages are downloaded once, whatever the report shows.
    libraries = Paths(workspace.config.results).web
    log(f"{report.write(shown, study, log, libraries)}")


def compare(
    context: typer.Context,
    study: StudyName,
    reference: Annotated[
        bool,
        typer.Option(
            "--reference",
            help="write the tables and verdicts of the scores that come with Facsimile again",
        ),
    ] = False,
) -> None:
    """Compare the scores of a study with the published numbers."""
    if reference:
        from facsimile.commands import shipped_results

        shipped_results.refresh(_at_shipped_scale(context, study), study)
        return
    from facsimile.commands import artefacts

    artefacts.compare(context.obj(), study)


def claims(
    context: typer.Context,
    study: StudyName,
    write: Annotated[
        bool,
        typer.Option("--write", help="write claims.csv instead of printing"),
    ] = False,
) -> None:
    """Test the claims of a study: statistic, rule, verdict, and the command that reproduces it."""
    from facsimile.commands import artefacts

    artefacts.claims(context.obj(), study, None if write else console)


def table(
    context: typer.Context,
    study: StudyName,
    name: Annotated[
        str,
        typer.Argument(help="name of a table in the study file"),
    ],
) -> None:
    """Make one table of a study from its scores."""
    from facsimile.commands import artefacts

    artefacts.table(context.obj(), study, name)


def figure(
    context: typer.Context,
    study: StudyName,
    name: Annotated[
        str,
        typer.Argument(help="name of a figure in the study file"),
    ],
) -> None:
    """Draw one figure of a study from its scores."""
    from facsimile.commands import artefacts

    artefacts.figure(context.obj(), study, name)


def summary(context: typer.Context, study: StudyName) -> None:
    """Write a one-page reproducibility summary of a study, and its artifact checklist."""
    from facsimile.commands.pages import summary

    for path in summary.write(context.obj(), study):
        log(f"{path}")


def _at_shipped_scale(context: typer.Context, study: str) -> Workspace:
    """The workspace at the scale that the user chose, or else at the largest that is shipped."""
    from facsimile.commands import show

    workspace: Workspace = context.obj()
    assert context.parent is not None
    chosen = context.parent.params["scale"]
    return workspace if chosen else show.at_shipped_scale(workspace, study)
