"""``facsimile list``: studies, runs and shards by names that a person can read."""

from rich.console import Console
from rich.table import Table

from facsimile.foundation import canonical
from facsimile.planning.workspace import Workspace
from facsimile.store import records
from facsimile.studies.runs import Run


def show(at: Workspace, study: str | None, match: str, shards: bool, console: Console) -> None:
    """Print every study, or the shards or runs of one whose line contains ``match`` (as ``beta=4``)."""
    if study is None:
        console.print(_studies(at))
    elif shards:
        for shard in at.shards(at.study(study)):
            console.print(f"{shard.key}  {len(shard.runs)} runs", highlight=False)
    else:
        for run in at.runs(at.study(study)):
            line = describe(run)
            if match in line:
                console.print(f"{line}  {state(at, run)}", highlight=False, soft_wrap=True)


def describe(run: Run) -> str:
    """One line on a run: key, readable hyper-parameters, published number."""
    params = " ".join(f"{key}={canonical.dumps(value)}" for key, value in run.params.items())
    number = f"  number {run.number}" if run.number is not None else ""
    return f"{run.key}  {params or 'control'}{number}"


def state(at: Workspace, run: Run) -> str:
    """done, failed, running (claimed) or missing."""
    folder = at.paths.run(run.key)
    if made := records.record(folder):
        return made["state"]
    return "running" if (folder / "claim.json").exists() else "missing"


def _studies(at: Workspace) -> Table:
    table = Table("study", "title", "scale", "runs", "what")
    for name in at.study_ids():
        study = at.study(name)
        for scale, found in study.scales.items():
            count = sum(not run.control for run in Workspace(at.config.model_copy(update={"scale": scale})).runs(study))
            table.add_row(study.id, study.title, scale, f"{count:,}", found.description)
    return table
