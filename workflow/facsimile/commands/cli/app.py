"""All commands in the order of ``facsimile --help``, and the options that they have in common."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from facsimile.commands.cli import (
    generated_files,
    jobs,
    own_methods,
    results,
    store,
    studies,
)
from facsimile.commands.cli.group import SettingsAnywhere
from facsimile.commands.cli.output import stderr
from facsimile.planning import config as configuration
from facsimile.planning import settings as settings_on_command_lines
from facsimile.planning import workspace as workspaces
from facsimile.planning.workspace import Workspace

# Heading in the help -> name of a command -> its function.
COMMANDS: Mapping[str, Mapping[str, Callable[..., None]]] = {
    "Results": {
        "show": results.show,
        "report": results.report,
        "compare": results.compare,
        "claims": results.claims,
        "table": results.table,
        "figure": results.figure,
        "summary": results.summary,
    },
    "A method of your own": {
        "score": own_methods.score,
        "evaluate": own_methods.evaluate,
        "explain-metric": own_methods.explain_metric,
        "try": own_methods.try_,
        "check": own_methods.check,
    },
    "Studies and runs": {
        "list": studies.list_,
        "plan": studies.plan,
        "status": studies.status,
        "explain": studies.explain,
        "doctor": studies.doctor,
        "snakefile": studies.snakefile,
    },
    "Stored runs": {
        "export": store.export,
        "adopt": store.adopt,
        "forget": store.forget,
    },
    "Jobs of the workflow": {
        "data": jobs.data,
        "train": jobs.train,
        "encode": jobs.encode,
        "score-shard": jobs.score_shard,
        "collect": jobs.collect,
    },
    "Files generated for the repository": {
        "schema": generated_files.schema,
        "metric-pages": generated_files.metric_pages,
        "study-pages": generated_files.study_pages,
    },
}

app = typer.Typer(
    cls=SettingsAnywhere,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for heading, commands in COMMANDS.items():
    for name, function in commands.items():
        app.command(name, rich_help_panel=heading)(function)


@app.callback()
def settings(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="configuration file [default: config/config.yaml]"),
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option(help="replace a configuration key: --set scale=desk; a value may be JSON"),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(help="short for --set scale=…"),
    ] = None,
    debug: Annotated[
        bool,
        typer.Option(help="show the traceback of an error"),
    ] = False,
) -> None:
    """Facsimile re-makes the tables and figures of representation-learning papers.

    The options below may also follow the name of a command.
    """
    try:
        overrides = settings_on_command_lines.read(set or [])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if scale:
        overrides["scale"] = scale
    # Read only by commands that need it: `facsimile score` works without a configuration.
    context.obj = functools.cache(lambda: _workspace(config, overrides))


def _workspace(
    config: Path | None,
    overrides: dict[str, Any],
) -> Workspace:
    """Return the workspace; say so if it is not that of a checkout but the defaults."""
    workspace = workspaces.load(config, **overrides)
    # Jobs may run in another folder, and their command line has every key.
    is_told = config is not None or "results" in overrides
    if not is_told and not configuration.DEFAULT.exists():
        stderr.print(f"No {configuration.DEFAULT} in {Path.cwd()}: the defaults are used.")
    return workspace
