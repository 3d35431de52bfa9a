"""``facsimile doctor``: check a site for problems before a large run; one line per check."""

import shutil
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from facsimile.commands.doctor import check_cluster, check_disk, check_machine
from facsimile.commands.doctor.check import OK, PROBLEM, WARNING, Check, Checks
from facsimile.foundation import lock_files
from facsimile.foundation.file_errors import raise_all
from facsimile.foundation.units import size
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.store import shard_jobs

COLOURS = {OK: "green", WARNING: "yellow", PROBLEM: "red"}
SPARE = 1.2  # required free space, as a multiple of the estimate


def doctor(
    workspace: Workspace,
    study: str | None,
    profile: str | None,
    console: Console,
) -> bool:
    """Print the result of every check; return whether none found a problem.

    With a ``profile``, the cluster of that Snakemake profile is checked as well.
    """
    passed = True
    for check in examine(workspace, study, profile):
        passed = passed and check.verdict != PROBLEM
        remedy = f"; {check.remedy}" if check.remedy else ""
        line = f"{check.name}: {check.message}{remedy}"
        console.print(f"[{COLOURS[check.verdict]}]{check.verdict:8}[/]", end="")
        # Messages contain paths and names in brackets, which are not console markup.
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return passed


def examine(
    workspace: Workspace,
    study: str | None = None,
    profile: str | None = None,
) -> Checks:
    """Run every check; one that raises an error counts as a problem, and the others still run."""
    root = Path(".")
    config = workspace.config

    def gpu() -> Checks:
        return check_machine.gpu(config.device, config.compile, cluster=profile is not None)

    checks: list[tuple[str, Callable[[], Checks]]] = [
        ("configuration", lambda: configuration(workspace)),
        ("versions", lambda: check_machine.versions(lock_files.FOLDER)),
        ("profile", lambda: check_cluster.profiles(root, profile)),
        ("GPU", gpu),
        ("results", lambda: check_disk.folder(config.results)),
        ("room", lambda: room(workspace, study)),
        ("snakemake", lambda: unlocked(root)),
    ]
    for name, check in checks:
        try:
            yield from check()
        except (ValueError, LookupError, RuntimeError, OSError) as error:
            # A broken study file, for example, should not hide a full disk.
            yield Check(name, PROBLEM, f"{error}", "fix this first")


def configuration(workspace: Workspace) -> Checks:
    """Check that every study can be read."""
    studies = workspace.study_ids()
    folders = ", ".join(map(str, workspace.config.paper_folders))
    _, broken = workspace.read()
    raise_all(list(broken.values()))
    if not studies:
        message = f"{folders}: no folder there has a study.yaml"
        remedy = "list the folder of your papers under papers"
        yield Check("configuration", PROBLEM, message, remedy)
        return
    message = f"{len(studies)} studies in {folders}, scale {workspace.config.scale}"
    yield Check("configuration", OK, message)


def room(workspace: Workspace, study: str | None) -> Checks:
    """Check that the missing runs fit on the disk, and that all data sets can be made."""
    free = shutil.disk_usage(workspace.config.results).free
    if study is None:
        message = f"{size(free)} free; for what a study needs: facsimile doctor STUDY"
        yield Check("room", OK, message)
        return
    content = workspace.study(study)
    scale = workspace.config.scale
    runs = workspace.runs(content)
    missing = [run for run in runs if not shard_jobs.trained(workspace.paths, run)]
    needed = SPARE * cost.estimate(missing, content, scale).bytes
    message = f"{size(free)} free, about {size(needed)} needed for {len(missing):,} runs"
    if needed > free:
        remedy = "set results to a larger disk, stored_latents: float16, or a smaller scale"
        yield Check("room", PROBLEM, f"{message} of {study} at scale {scale}", remedy)
    else:
        yield Check("room", OK, f"{message} (disk quotas are not considered)")
    datasets = {run.dataset for run in runs}
    unavailable = sorted(datasets.intersection(content.unavailable))
    if unavailable:
        message = f"{', '.join(unavailable)} cannot be made yet"
        yield Check("data", WARNING, message, "runs on them will fail; the others continue")


def unlocked(root: Path) -> Checks:
    """Check that no other Snakemake uses this folder, and that none was killed in it."""
    locks = (root / ".snakemake" / "locks").glob("*")
    if any(locks):
        message = "this folder is locked: another snakemake is running, or one was killed"
        yield Check("snakemake", WARNING, message, "if none is running: snakemake --unlock")
    else:
        yield Check("snakemake", OK, "the folder is not locked")
