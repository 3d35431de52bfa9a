"""``facsimile explain RUN``: what a run is, its state, and why it would be trained again."""

from typing import Any

from rich.console import Console

from facsimile.commands import run_state
from facsimile.commands.listing import run_line
from facsimile.commands.speed_here import speed_here
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.store import files, records
from facsimile.studies.runs import Run


def explain(
    workspace: Workspace,
    run: Run,
    console: Console,
) -> None:
    """Print the run, its outcome, and whether and why it would be trained again."""
    folder = workspace.paths.run(run.key)
    record = records.record(folder)
    lines = [f"folder    {folder}"]
    if run.parent:
        lines.append(f"starts    from the weights of {run.parent}")
    if record is None:
        lines.append(f"state     {_without_record(workspace, run)}")
    else:
        lines += _outcome(record)
        lines.append(f"verdict   {_verdict(workspace, run)}")
    console.print(f"[bold]{run_line(run)}[/]", highlight=False)
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def stale_modules(
    workspace: Workspace,
    run: Run,
) -> list[str]:
    """What has changed of the code that made a run; such a run is kept until it is forgotten."""
    record = records.record(workspace.paths.run(run.key))
    return [] if record is None else run_state.changes(workspace, record)


def _outcome(
    record: dict[str, Any],
) -> list[str]:
    packages = record.get("versions", {}).items()
    versions = " ".join(f"{name} {version}" for name, version in packages)
    where = f"{record['started']} on {record.get('host')}, {record.get('precision')}"
    return [
        f"state     {record['state']} {record.get('reason', '')}",
        f"made      {where}, {record.get('seconds')} s; {versions}",
    ]


def _without_record(workspace: Workspace, run: Run) -> str:
    state = run_state.without_record(workspace, run)
    if state == run_state.RUNNING:
        return f"{state}: a process holds its lease"
    if (workspace.paths.run(run.key) / files.CHECKPOINT).exists():
        return f"{state}: the next snakemake resumes it from its checkpoint"
    return f"{state}: snakemake will train it, {_price(workspace, run)}"


def _verdict(workspace: Workspace, run: Run) -> str:
    changed = stale_modules(workspace, run)
    if not changed:
        return "would not be trained again: the store has it and its code is unchanged"
    return (
        f"stale: {', '.join(changed)} changed since. It is kept until you say: "
        f"facsimile forget {run.key} (then snakemake trains it again, {_price(workspace, run)})"
    )


def _price(workspace: Workspace, run: Run) -> str:
    seconds = cost.train_seconds(run, speed_here(workspace))
    return f"about {seconds / 60:.1f} minutes of one core"
