"""``facsimile plan`` and ``facsimile status``: what a study will cost, and how far it is. Both read files only."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from facsimile import cost, discover, store
from facsimile.explain import stale_modules
from facsimile.listing import state
from facsimile.runs import Run
from facsimile.workspace import Workspace

STATES = ("done", "running", "failed", "missing", "stale")


def plan(at: Workspace, study: str, console: Console) -> None:
    """Print runs, steps, hours and bytes that a study needs from here, and what stands in its way."""
    found = at.study(study)
    runs = at.runs(found)
    states = {run.key: state(at, run) for run in runs}
    todo = [run for run in runs if states[run.key] in ("missing", "running")]
    price = cost.of(todo)
    controls = sum(run.control for run in runs)
    console.print(f"[bold]{study}[/] at scale {at.config.scale}: {found.scales[at.config.scale].description}")
    console.print(
        f"{len(runs) - controls:,} runs and {controls} controls in {len(at.shards(found)):,} shards; {price.runs:,} to make"
    )
    console.print(f"{price.steps:,} steps: about {price.core_hours:,.1f} core-hours of a CPU with bf16 (measured rates),")
    console.print(f"or about {price.gpu_hours:,.1f} GPU-hours by arithmetic for one H200 (packed execution; not measured)")
    console.print(f"about {price.bytes / 1e9:,.1f} GB of weights and latents")
    _warn(found.unavailable, runs, console)


def _warn(unavailable: list[str], runs: list[Run], console: Console) -> None:
    lacking = {run.dataset for run in runs} & set(unavailable)
    if lacking:
        have = ", ".join(discover.names("datasets"))
        console.print(f"[yellow]cannot be made yet:[/] {', '.join(sorted(lacking))} have no loader (there are: {have})")


def status(at: Workspace, study: str, console: Console) -> None:
    """Print how many runs are done, running, failed, missing or stale per data set and model, and the newest failures."""
    runs = at.runs(at.study(study))
    table = Table("data set", "model", *STATES)
    for (dataset, model), members in _groups(runs).items():
        counts = Counter(_state(at, run) for run in members)
        table.add_row(dataset, model, *(f"{counts[name] or '·'}" for name in STATES))
    console.print(table)
    _spent(at, runs, console)
    for run in runs:
        made = store.record(at.paths.run(run.key))
        if made and made["state"] == "failed":
            console.print(f"failed: {run.key}: {made['reason']}", highlight=False)


def _groups(runs: list[Run]) -> dict[tuple[str, str], list[Run]]:
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.dataset, run.model), []).append(run)
    return groups


def _state(at: Workspace, run: Run) -> str:
    return "stale" if stale_modules(at, run) else state(at, run)


def _spent(at: Workspace, runs: list[Run], console: Console) -> None:
    seconds = sum((store.record(at.paths.run(run.key)) or {}).get("seconds", 0.0) for run in runs)
    todo = [run for run in runs if state(at, run) in ("missing", "running")]
    left = sum(map(cost.train_seconds, todo)) / 3600
    console.print(f"training: {seconds / 3600:,.2f} core-hours used, about {left:,.2f} left")
