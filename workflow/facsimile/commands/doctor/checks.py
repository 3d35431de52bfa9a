"""``facsimile doctor``: what would spoil a big run at this site, looked for before it starts. One line a check."""

import shutil
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from facsimile.commands.doctor import check_cluster, check_disk, check_machine
from facsimile.commands.doctor.check import OK, PROBLEM, WARNING, Check, Checks
from facsimile.foundation.units import size
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.store import shard_jobs

COLOURS = {OK: "green", WARNING: "yellow", PROBLEM: "red"}
SPARE = 1.2  # room to have, as a multiple of what is planned


def doctor(workspace: Workspace, study: str | None, profile: str | None, console: Console) -> bool:
    """Print every check; whether none found a problem. ``profile``: also whether that profile's cluster answers."""
    worst = OK
    for check in examine(workspace, study, profile):
        worst = (
            PROBLEM
            if PROBLEM in (worst, check.verdict)
            else WARNING
            if WARNING in (worst, check.verdict)
            else OK
        )
        remedy = f"; {check.remedy}" if check.remedy else ""
        console.print(f"[{COLOURS[check.verdict]}]{check.verdict:8}[/]", end="")
        console.print(
            f"{check.name}: {check.said}{remedy}", highlight=False, markup=False, soft_wrap=True
        )
    return worst != PROBLEM


def examine(workspace: Workspace, study: str | None = None, profile: str | None = None) -> Checks:
    """Every check in turn; a check that fails in a way that nobody foresaw is a problem, not the end."""
    chosen: list[tuple[str, Callable[[], Checks]]] = [
        ("configuration", lambda: configuration(workspace)),
        ("versions", lambda: check_machine.versions(Path("envs"))),
        ("profile", lambda: check_cluster.profiles(Path("."), profile)),
        (
            "GPU",
            lambda: check_machine.gpu(
                workspace.config.device, workspace.config.compile, cluster=profile is not None
            ),
        ),
        ("results", lambda: check_disk.folder(workspace.config.results)),
        ("room", lambda: room(workspace, study)),
        ("snakemake", lambda: unlocked(Path("."))),
    ]
    for name, check in chosen:
        try:
            yield from check()
        except (ValueError, LookupError, RuntimeError, OSError) as error:
            yield Check(name, PROBLEM, f"{error}", "mend that first")


def configuration(workspace: Workspace) -> Checks:
    """Every study can be read."""
    studies = workspace.study_ids()
    for name in studies:
        workspace.study(name)
    if not studies:
        yield Check(
            "configuration",
            PROBLEM,
            f"{_folders(workspace)}: no folder there has a study.yaml",
            "name the folder of your papers under papers",
        )
        return
    yield Check(
        "configuration",
        OK,
        f"{len(studies)} studies in {_folders(workspace)}, scale {workspace.config.scale}",
    )


def room(workspace: Workspace, study: str | None) -> Checks:
    """Whether what is still to be made fits beside the results, and whether all data sets of the study can be had."""
    free = shutil.disk_usage(workspace.config.results).free
    if study is None:
        yield Check(
            "room", OK, f"{size(free)} free; for what a study needs: facsimile doctor STUDY"
        )
        return
    found = workspace.study(study)
    runs = workspace.runs(found)
    todo = [run for run in runs if not shard_jobs.trained(workspace.paths, run)]
    needed = SPARE * cost.of(todo, found, workspace.config.scale).bytes
    if needed > free:
        said = f"{size(free)} free, about {size(needed)} needed for {len(todo):,} runs of {study} at scale {workspace.config.scale}"
        yield Check(
            "room",
            PROBLEM,
            said,
            "set results to a larger disk, stored_latents: float16, or a smaller scale",
        )
    else:
        yield Check(
            "room",
            OK,
            f"{size(free)} free, about {size(needed)} needed for {len(todo):,} runs (quotas are not seen)",
        )
    if lacking := sorted({run.dataset for run in runs} & set(found.unavailable)):
        yield Check(
            "data",
            WARNING,
            f"{', '.join(lacking)} cannot be made yet",
            "its runs will fail; the others go on",
        )


def unlocked(root: Path) -> Checks:
    """No other snakemake works here, and none was killed here."""
    if any((root / ".snakemake" / "locks").glob("*")):
        said = "this folder is locked: another snakemake runs, or one was killed"
        yield Check("snakemake", WARNING, said, "if none runs: snakemake --unlock")
    else:
        yield Check("snakemake", OK, "the folder is not locked")


def _folders(workspace: Workspace) -> str:
    return ", ".join(map(str, workspace.config.paper_folders))
