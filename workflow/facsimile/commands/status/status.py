"""``facsimile plan`` and ``facsimile status``: what a study will cost, and how far it is. Both read files only."""

import time
from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.table import Table

from facsimile.commands.run_state import STATES, TO_MAKE, state
from facsimile.commands.status import failures, progress, usage
from facsimile.commands.status.progress import Progress
from facsimile.foundation import discover, units
from facsimile.foundation.units import size
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.store import files
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

FAILURES = 5  # shown of each kind


def plan(workspace: Workspace, study: str, console: Console) -> None:
    """Print runs, steps, hours and bytes that a study needs from here, and what stands in its way."""
    found = workspace.study(study)
    runs = workspace.runs(found)
    todo = [run for run in runs if state(workspace, run) in TO_MAKE]
    price = cost.of(todo, found, workspace.config.scale)
    controls = sum(run.control for run in runs)
    console.print(
        f"[bold]{study}[/] at scale {workspace.config.scale}: {found.scales[workspace.config.scale].description}"
    )
    console.print(
        f"{len(runs) - controls:,} runs and {controls} controls in {len(workspace.shards(found)):,} shards; {price.runs:,} to make"
    )
    console.print(
        f"{price.steps:,} steps: about {price.core_hours:,.1f} core-hours of a CPU with bf16 (measured rates),"
    )
    console.print(
        f"or about {price.gpu_hours:,.1f} GPU-hours by arithmetic for one H200 (packed execution; not measured)"
    )
    kept = sum(len(run.kept) for run in todo)
    also = f", {kept:,} snapshots included" if kept else ""
    console.print(f"about {price.bytes / 1e9:,.1f} GB of weights and latents{also}")
    _warn(found.unavailable, runs, console)


def _warn(unavailable: list[str], runs: list[Run], console: Console) -> None:
    lacking = {run.dataset for run in runs} & set(unavailable)
    if lacking:
        have = ", ".join(discover.names("datasets"))
        console.print(
            f"[yellow]cannot be made yet:[/] {', '.join(sorted(lacking))} have no loader (there are: {have})"
        )


def status(workspace: Workspace, study: str, console: Console) -> None:
    """Print how far a study is: states per data set and model, hours, failures with their logs, bytes by kind."""
    found = workspace.study(study)
    _show(workspace, found, progress.look(workspace, found), console)


def watch(
    workspace: Workspace,
    study: str,
    seconds: float,
    console: Console,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Print the status anew every so many seconds until no run is pending or running; Ctrl-C ends it."""
    found = workspace.study(study)
    seen = progress.look(workspace, found)
    while True:
        console.clear()
        _show(workspace, found, seen, console)
        if not progress.left(workspace.runs(found), seen).runs:
            return
        sleep(seconds)
        seen = progress.look(workspace, found, seen)


def _show(workspace: Workspace, study: Study, seen: Progress, console: Console) -> None:
    runs = workspace.runs(study)
    console.print(
        f"[bold]{study.id}[/] at scale {workspace.config.scale}: {len(runs):,} runs, controls included",
        highlight=False,
    )
    table = Table("data set", "model", *STATES)
    for (dataset, model), counted in progress.counts(runs, seen).items():
        table.add_row(
            dataset, model, *(f"{counted[name]:,}" if counted[name] else "·" for name in STATES)
        )
    console.print(table)
    _print_snapshots(workspace, runs, console)
    stages = [
        f"{stage} {done:,} of {whole:,}"
        for stage, (done, whole) in progress.stages(workspace, study).items()
    ]
    _line(console, f"shards: {', '.join(stages)}")
    _print_hours(runs, seen, console)
    _print_failed_runs(seen, console)
    measured = usage.measure(workspace.config.results)
    _print_failed_jobs(failures.newest(workspace, study, measured.logs, FAILURES), console)
    kinds = [f"{kind} {size(measured.bytes[kind])}" for kind in usage.KINDS if measured.files[kind]]
    total = f"{size(measured.bytes.total())} in {measured.files.total():,} files"
    _line(
        console,
        f"{workspace.config.results}: {total}" + (f" ({', '.join(kinds)})" if kinds else ""),
    )


def _print_snapshots(workspace: Workspace, runs: list[Run], console: Console) -> None:
    if kept := [part for run in runs for part in run.kept]:
        done = sum((workspace.paths.run(part.key) / files.RECORD).exists() for part in kept)
        _line(console, f"snapshots: {done:,} of {len(kept):,}")


def _print_hours(runs: list[Run], seen: Progress, console: Console) -> None:
    spent, left = progress.spent(seen), progress.left(runs, seen)
    used = [
        f"{spent[kind] / units.HOUR:,.2f} {unit}-hours"
        for kind, unit in (("cpu", "core"), ("gpu", "GPU"))
        if spent[kind]
    ]
    unit = "GPU" if spent["gpu"] > spent["cpu"] else "core"
    rest = (
        f"about {left.seconds / units.HOUR:,.2f} {unit}-hours left for {left.runs:,} runs"
        if left.runs
        else "none left"
    )
    _line(console, f"training: {' and '.join(used) or 'nothing'} used, {rest}")
    if left.eta is not None:
        _line(
            console,
            f"done in about {units.duration(left.eta)} if {left.running:,} at a time go on as now",
        )
    elif left.runs:
        _line(console, "none is running now: snakemake goes on where it stopped")
    if held := sum(seen.states[key] == "pending" for key in seen.checkpoints):
        _line(console, f"{held:,} of those pending have a checkpoint and go on from it")


def _print_failed_runs(seen: Progress, console: Console) -> None:
    broken = [f"{message}" for message in seen.unreadable.values()]
    failed = sorted(
        (
            (made.get("started", ""), key, made["reason"])
            for key, made in seen.records.items()
            if made["state"] == "failed"
        ),
        reverse=True,
    )
    for line in broken[:FAILURES] + [f"{key}: {reason}" for _, key, reason in failed[:FAILURES]]:
        _line(console, f"failed: {line}")
    if (
        more := len(broken) + len(failed) - min(len(broken), FAILURES) - min(len(failed), FAILURES)
    ) > 0:
        _line(console, f"… and {more:,} more failed runs: facsimile list STUDY shows them")


def _print_failed_jobs(found: list[failures.Failure], console: Console) -> None:
    for failure in found:
        when = datetime.fromtimestamp(failure.when).isoformat(" ", "seconds")
        _line(console, f"failed job: {failure.log} ({when})")
        _line(console, f"  {failure.cause + ': ' if failure.cause else ''}{failure.said}")


def _line(console: Console, text: str) -> None:
    """One line as it is: names in brackets are not mark-up, and a path is not broken."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)
