"""``facsimile plan`` and ``facsimile status``: what a study will cost, and its progress.

Both only read files.
"""

import time
from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.table import Table

from facsimile.commands import run_state
from facsimile.commands.speed_here import speed_here
from facsimile.commands.status import failures, progress, usage
from facsimile.commands.status.failures import Failure
from facsimile.commands.status.progress import Progress
from facsimile.comparison import published
from facsimile.foundation import discover, units
from facsimile.foundation.units import size
from facsimile.planning import cost
from facsimile.planning.speed import Speed
from facsimile.planning.workspace import Workspace
from facsimile.store import files, shard_progress
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

MAX_FAILURES = 5  # shown of each kind


def plan(
    workspace: Workspace,
    study: str,
    console: Console,
) -> None:
    """Print the runs, steps, hours and bytes that a study still needs, and obstacles.

    Raises FileError if something is wrong in its files that a job would notice only later, and
    ValueError for official files that are configured and not there.
    """
    missing = workspace.missing_sources()
    if missing:
        raise ValueError("\n".join(missing))
    content = workspace.study(study)
    published.check(workspace.paper(study), content)
    scale = workspace.config.scale
    runs = workspace.runs(content)
    unfinished = []
    for run in runs:
        if run_state.state(workspace, run) in run_state.TO_MAKE:
            unfinished.append(run)
    n_controls = sum(run.control for run in runs)
    shards = workspace.shards(content)
    n_shards = len(shards)
    keys = {run.key for run in unfinished}
    to_start = [shard for shard in shards if keys.intersection(shard.keys)]
    speed = speed_here(workspace)
    price = cost.estimate(unfinished, content, scale, speed, len(to_start))
    console.print(f"[bold]{study}[/] at scale {scale}: {content.scales[scale].description}")
    console.print(
        f"{len(runs) - n_controls:,} runs and {n_controls} controls in {n_shards:,} shards; "
        f"{price.runs:,} to make"
    )
    core_hours = f"{cost.about(price.core_hours)} core-hours here ({_source(speed)})"
    console.print(f"{price.steps:,} steps: {core_hours}")
    n_early = sum(cost.may_end_early(run.model) for run in unfinished)
    if n_early:
        console.print(
            f"less if runs end before their last step, as {n_early:,} of them may when they have "
            "reached their goal or spent their budget"
        )
    if price.gpu_hours:
        gpu_hours = f"{cost.about(price.gpu_hours)} hours of one H200"
        console.print(f"or {gpu_hours} for training (at rates measured with β-VAE)")
    n_snapshots = sum(len(run.snapshot_runs) for run in unfinished)
    snapshots = f", {n_snapshots:,} snapshots included" if n_snapshots else ""
    console.print(f"about {size(price.bytes)} of weights and latents{snapshots}")
    _warn_of_missing_data(content.unavailable, runs, console)


def _source(speed: Speed) -> str:
    """Where the speed of this machine is known from."""
    if speed.runs:
        return f"at the speed of {speed.runs} runs that were made here"
    return "estimated from the speed of a core, measured now; runs will correct it"


def _warn_of_missing_data(
    unavailable: list[str],
    runs: list[Run],
    console: Console,
) -> None:
    missing = {run.dataset for run in runs} & set(unavailable)
    if missing:
        available = ", ".join(discover.names("datasets"))
        console.print(
            f"[yellow]cannot be made yet:[/] {', '.join(sorted(missing))} have no loader "
            f"(there are: {available})"
        )


def status(
    workspace: Workspace,
    study: str,
    console: Console,
) -> None:
    """Print the progress of a study: states, hours, failures with their logs, disk usage."""
    content = workspace.study(study)
    _show(workspace, content, progress.read(workspace, content), console)


def watch(
    workspace: Workspace,
    study: str,
    seconds: float,
    console: Console,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Print the status every ``seconds`` until no run is pending or running; Ctrl-C ends it."""
    content = workspace.study(study)
    current = progress.read(workspace, content)
    while True:
        console.clear()
        _show(workspace, content, current, console)
        if not progress.remaining(workspace.runs(content), current).runs:
            return
        sleep(seconds)
        current = progress.read(workspace, content, current)


def _show(
    workspace: Workspace,
    study: Study,
    current: Progress,
    console: Console,
) -> None:
    runs = workspace.runs(study)
    console.print(
        f"[bold]{study.id}[/] at scale {workspace.config.scale}: "
        f"{len(runs):,} runs, controls included",
        highlight=False,
    )
    console.print(_table(runs, current))
    _print_snapshots(workspace, runs, console)
    _print_stages(workspace, study, console)
    _print_hours(runs, current, console)
    _print_failed_runs(current, console)
    disk = usage.measure(workspace.config.results)
    failed_jobs = failures.newest(workspace, study, disk.logs, MAX_FAILURES)
    _print_failed_jobs(failed_jobs, console)
    _print_usage(workspace, disk, console)


def _table(
    runs: list[Run],
    current: Progress,
) -> Table:
    """Number of runs in each state, one row per data set and model."""
    table = Table("data set", "model", *run_state.STATES)
    for (dataset, model), counts in progress.counts(runs, current).items():
        cells = [f"{counts[state]:,}" if counts[state] else "·" for state in run_state.STATES]
        table.add_row(dataset, model, *cells)
    return table


def _print_snapshots(
    workspace: Workspace,
    runs: list[Run],
    console: Console,
) -> None:
    n_planned = 0
    n_finished = 0
    for run in runs:
        for snapshot in run.snapshot_runs:
            n_planned += 1
            record = workspace.paths.run(snapshot.key) / files.RECORD
            n_finished += record.exists()
    if n_planned:
        _print_line(console, f"snapshots: {n_finished:,} of {n_planned:,}")


def _print_stages(
    workspace: Workspace,
    study: Study,
    console: Console,
) -> None:
    stages = []
    for stage, (finished, total) in progress.stages(workspace, study).items():
        stages.append(f"{stage} {finished:,} of {total:,}")
    _print_line(console, f"shards: {', '.join(stages)}")
    for shard in workspace.shards(study):
        for stage in shard_progress.STAGES:
            current = shard_progress.read(workspace.paths.shard(shard.key), stage)
            if current is not None:
                _print_line(console, f"{stage} {shard.key}: {current.text()}")


def _print_hours(
    runs: list[Run],
    current: Progress,
    console: Console,
) -> None:
    spent = progress.spent(current)
    remaining = progress.remaining(runs, current)
    used = []
    for device, unit in (("cpu", "core"), ("gpu", "GPU")):
        if spent[device]:
            used.append(f"{spent[device] / units.HOUR:,.2f} {unit}-hours")
    rest = "none left"
    if remaining.runs:
        # Speeds are those of the device that most of the time was spent on.
        unit = "GPU" if spent["gpu"] > spent["cpu"] else "core"
        hours = remaining.seconds / units.HOUR
        rest = f"about {hours:,.2f} {unit}-hours left for {remaining.runs:,} runs"
    _print_line(console, f"training: {' and '.join(used) or 'nothing'} used, {rest}")
    if remaining.eta is not None:
        duration = units.duration(remaining.eta)
        _print_line(
            console,
            f"finished in about {duration} if {remaining.running:,} runs at a time, as now",
        )
    elif remaining.runs:
        _print_line(console, "nothing is running; start snakemake again to resume")
    states = [current.states[key] for key in current.checkpoints]
    n_resumable = states.count(run_state.PENDING)
    if n_resumable:
        _print_line(console, f"{n_resumable:,} of the pending runs resume from a checkpoint")


def _print_failed_runs(current: Progress, console: Console) -> None:
    """Print the first runs with an unreadable record, and the last runs that failed."""
    unreadable = list(current.unreadable.values())
    failed = []
    for key, record in current.records.items():
        if record["state"] == run_state.FAILED:
            failed.append((record.get("started", ""), key, record["reason"]))
    failed.sort(reverse=True)
    messages = [f"{key}: {reason}" for _, key, reason in failed]
    shown = unreadable[:MAX_FAILURES] + messages[:MAX_FAILURES]
    for line in shown:
        _print_line(console, f"failed: {line}")
    n_more = len(unreadable) + len(messages) - len(shown)
    if n_more:
        _print_line(console, f"… and {n_more:,} more failed runs: facsimile list STUDY shows them")


def _print_failed_jobs(
    failed_jobs: list[Failure],
    console: Console,
) -> None:
    for failure in failed_jobs:
        when = datetime.fromtimestamp(failure.when).isoformat(" ", "seconds")
        cause = f"{failure.cause}: " if failure.cause else ""
        _print_line(console, f"failed job: {failure.log} ({when})")
        _print_line(console, f"  {cause}{failure.message}")


def _print_usage(
    workspace: Workspace,
    disk: usage.Usage,
    console: Console,
) -> None:
    kinds = [f"{kind} {size(disk.bytes[kind])}" for kind in usage.KINDS if disk.files[kind]]
    total = f"{size(disk.bytes.total())} in {disk.files.total():,} files"
    details = f" ({', '.join(kinds)})" if kinds else ""
    _print_line(console, f"{workspace.config.results}: {total}{details}")


def _print_line(console: Console, text: str) -> None:
    """Print one line unchanged: brackets in names are not markup, and long paths do not wrap."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)
