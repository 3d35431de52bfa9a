"""``facsimile list``: studies, runs and shards by names that a person can read."""

from rich.console import Console
from rich.table import Table

from facsimile.foundation import canonical
from facsimile.planning.workspace import Workspace
from facsimile.store import records
from facsimile.studies.runs import Run


def show(
    workspace: Workspace, study: str | None, match: str, shards: bool, console: Console
) -> None:
    """Print every study, or the shards or runs of one whose line contains ``match`` (as ``beta=4``)."""
    if study is None:
        console.print(_studies(workspace))
    elif shards:
        for shard in workspace.shards(workspace.study(study)):
            console.print(f"{shard.key}  {len(shard.runs)} runs", highlight=False)
    else:
        for run in workspace.runs(workspace.study(study)):
            line = run_line(run)
            if match in line:
                console.print(f"{line}  {state(workspace, run)}", highlight=False, soft_wrap=True)


def run_line(run: Run) -> str:
    """One line on a run: key, readable hyper-parameters, published number."""
    params = " ".join(f"{key}={canonical.dumps(value)}" for key, value in run.params.items())
    number = f"  number {run.number}" if run.number is not None else ""
    return f"{run.key}  {params or 'control'}{number}"


def state(workspace: Workspace, run: Run) -> str:
    """done, failed, running (claimed) or missing."""
    folder = workspace.paths.run(run.key)
    if made := records.record(folder):
        return made["state"]
    return "running" if (folder / "claim.json").exists() else "missing"


def _studies(workspace: Workspace) -> Table:
    table = Table("study", "title", "scale", "runs", "what")
    for name in workspace.study_ids():
        study = workspace.study(name)
        for scale, found in study.scales.items():
            count = sum(
                not run.control
                for run in Workspace(workspace.config.model_copy(update={"scale": scale})).runs(
                    study
                )
            )
            table.add_row(study.id, study.title, scale, f"{count:,}", found.description)
    return table
