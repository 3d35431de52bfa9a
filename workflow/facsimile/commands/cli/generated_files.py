"""Commands that write generated files of the repository."""

from typing import Annotated

import typer

from facsimile.commands.cli.output import log


def schema(
    check: Annotated[
        bool,
        typer.Option(help="only check whether the file is up to date"),
    ] = False,
) -> None:
    """Write the JSON schema of study files, which editors use to complete and check them."""
    from facsimile.studies import json_schema

    raise typer.Exit(json_schema.write(check))


def metric_pages(
    check: Annotated[
        bool,
        typer.Option(help="only check whether the pages are up to date"),
    ] = False,
) -> None:
    """Write docs/metrics: one page per metric, with its values on latents of known structure."""
    from facsimile.commands.pages import metric_pages

    raise typer.Exit(metric_pages.write(check, log))


def study_pages(
    context: typer.Context,
    check: Annotated[
        bool,
        typer.Option(help="only check whether the pages are up to date"),
    ] = False,
) -> None:
    """Write the README.md of each paper, with its newest verdicts from results/reference."""
    from facsimile.commands.pages import study_pages

    raise typer.Exit(study_pages.write(context.obj(), check, log))
