"""``facsimile list``: studies, runs and shards, by names that a person can read."""

from rich.console import Console
from rich.table import Table

from facsimile.commands.run_state import state
from facsimile.foundation import canonical
from facsimile.foundation.file_errors import raise_all
from facsimile.planning.workspace import Workspace
from facsimile.studies.runs import Run
from facsimile.studies.study import Study


def show(
    workspace: Workspace, study: str | None, match: str, shards: bool, console: Console
) -> None:
    """Print all studies, or the shards of one, or those of its runs whose line contains ``match``.

    ``match`` is text such as ``beta=4``.
    """
    if study is None:
        console.print(_studies(workspace))
        console.print(_places(workspace), highlight=False, soft_wrap=True)
    elif shards:
        for shard in workspace.shards(workspace.study(study)):
            console.print(f"{shard.key}  {len(shard.runs)} runs", highlight=False)
    else:
        for run in workspace.runs(workspace.study(study)):
            line = run_line(run)
            if match in line:
                console.print(f"{line}  {state(workspace, run)}", highlight=False, soft_wrap=True)


def require_valid(workspace: Workspace) -> None:
    """Raise the errors of studies that cannot be read, or UnknownName for a scale of no study."""
    read, broken = workspace.read()
    raise_all(list(broken.values()))
    workspace.check_scale(read, broken)


def _places(workspace: Workspace) -> str:
    """Where studies were looked for, and where results are or would be."""
    folders = ", ".join(str(folder.absolute()) for folder in workspace.config.paper_folders)
    results = workspace.config.results.absolute()
    exist = "" if results.is_dir() else " (does not exist yet)"
    return f"papers: {folders}\nresults: {results}{exist}"


def run_line(run: Run) -> str:
    """One line about a run: key, readable hyper-parameters, number in the published study."""
    params = " ".join(f"{key}={canonical.dumps(value)}" for key, value in run.params.items())
    number = f"  number {run.number}" if run.number is not None else ""
    return f"{run.key}  {params or 'control'}{number}"


def _studies(workspace: Workspace) -> Table:
    table = Table("study", "title", "scale", "runs", "what")
    read, _ = workspace.read()
    for study in read.values():
        for scale, content in study.scales.items():
            count = _trained(workspace, study, scale)
            table.add_row(study.id, study.title, scale, f"{count:,}", content.description)
    return table


def _trained(
    workspace: Workspace,
    study: Study,
    scale: str,
) -> int:
    """Runs of a study at a scale, without controls."""
    there = Workspace(workspace.config.model_copy(update={"scale": scale}))
    return sum(not run.control for run in there.runs(study))
