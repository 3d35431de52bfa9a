"""``facsimile explain RUN``: what a run is, what became of it, and why it would be trained again."""

from rich.console import Console

from facsimile.commands.listing import run_line
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.store import files, records
from facsimile.studies.runs import Run
from facsimile.training.weights_code import outdated


def explain(workspace: Workspace, run: Run, console: Console) -> None:
    """Print the run, its outcome, and whether and why it would be made again."""
    folder = workspace.paths.run(run.key)
    console.print(f"[bold]{run_line(run)}[/]", highlight=False)
    console.print(f"folder    {folder}", highlight=False, soft_wrap=True)
    made = records.record(folder)
    if made is None:
        console.print(_unmade(workspace, run), highlight=False, soft_wrap=True)
        return
    versions = " ".join(f"{name} {version}" for name, version in made.get("versions", {}).items())
    console.print(f"state     {made['state']} {made.get('reason', '')}", highlight=False)
    console.print(
        f"made      {made['started']} on {made.get('host')}, {made.get('precision')}, {made.get('seconds')} s; {versions}",
        highlight=False,
    )
    console.print(_verdict(workspace, run), highlight=False, soft_wrap=True)


def stale_modules(workspace: Workspace, run: Run) -> list[str]:
    """Modules whose code changed since the run was made; such a run is kept, and trained anew only when asked."""
    made = records.record(workspace.paths.run(run.key))
    return [] if made is None else outdated(made)


def _unmade(workspace: Workspace, run: Run) -> str:
    if (workspace.paths.run(run.key) / "claim.json").exists():
        return "state     running (claimed), or its process died: the next snakemake finds out"
    if (workspace.paths.run(run.key) / files.CHECKPOINT).exists():
        return "state     interrupted: the next snakemake goes on from its checkpoint"
    return f"state     missing: snakemake will train it, about {cost.train_seconds(run) / 60:.1f} minutes of one core"


def _verdict(workspace: Workspace, run: Run) -> str:
    changed = stale_modules(workspace, run)
    if not changed:
        return "verdict   would not be trained again: the store has it and its code is unchanged"
    price = cost.train_seconds(run) / 60
    return (
        f"verdict   stale: {', '.join(changed)} changed since. It is kept until you say: facsimile forget {run.key} "
        f"(then snakemake trains it again, about {price:.1f} minutes of one core)"
    )
