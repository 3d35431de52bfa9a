"""Helpers for tests of faults: a study of one small model before and after a fault, and timings.

Each fault gets a copy of a project in which the controls are finished and the model is still to be
trained. The figures of docs/faults.md are what these tests print:
FACSIMILE_FAULTS=FILE pytest tests/slurm -k faults
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
from project import Project

from facsimile.commands.status.progress import checkpointed

from .cluster import HURRY

TARGET = "results/studies/tiny/smoke/scores.parquet"
INTERVAL = 10  # steps between two checkpoints
STEPS = 100
SMALL = {
    "seeds: 2": "seeds: 1",
    "beta: [1, 4]": "beta: [1, 2, 4, 8]",
    "steps: 12, batch_size: 8": f"steps: {STEPS}, batch_size: 4",
    # Slow enough to be interrupted.
    "network: mlp": "network: dlib",
    "metrics: [mig, modularity]": "metrics: [mig]",
}
ON_SLURM = ("--profile", "slurm", *HURRY)


def make(folder: Path) -> Project:
    """Run the undisturbed project up to its scores."""
    project = Project.create(folder)
    for old, new in SMALL.items():
        project.edit(old, new)
    config = project.folder / "config" / "config.yaml"
    config.write_text(config.read_text() + f"checkpoint_steps: {INTERVAL}\n")
    project.snakemake(TARGET)
    return project


def unmade(reference: Project, folder: Path, betas: str = "[4]") -> Project:
    """A copy of a project in which only the models of these betas are still to be trained."""
    project = reference.copy(folder)
    project.edit("beta: [1, 2, 4, 8]", f"beta: {betas}")
    for path in ("runs/toy/beta_vae", "shards/toy/beta_vae", "studies", "logs"):
        shutil.rmtree(project.folder / "results" / path)
    return project


def shard(project: Project) -> str:
    """The first shard of the models that a project trains."""
    lines = project.facsimile("list", "tiny", "--shards").splitlines()
    return next(line.split()[0] for line in lines if "/beta_vae/" in line)


def index(project: Project, name: str) -> str:
    """Path of that shard's file ``name``, which says that a stage of its runs is finished."""
    return f"results/shards/{shard(project)}/{name}.json"


def scores(project: Project) -> pd.DataFrame:
    """scores.parquet, without the columns that differ between executions."""
    table = pd.read_parquet(project.folder / TARGET).drop(columns=["seconds"])
    return table.sort_values(["run", "metric", "score"]).reset_index(drop=True)


def undisturbed(project: Project, reference: Project) -> None:
    """Fail unless the scores are those of the undisturbed project, to the last bit.

    Nothing half-written may be left, and the same target must have nothing to do.
    """
    ours, theirs = scores(project), scores(reference)
    # A study of fewer betas numbers them in another way.
    columns = [name for name in theirs if name not in ("value_index", "number")]
    theirs = theirs[theirs["run"].isin(ours["run"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours[columns], theirs[columns], check_exact=True)
    left = [
        *project.folder.glob("results/runs/**/*.part"),
        *project.folder.glob("results/runs/**/checkpoint*"),
    ]
    assert not left, left
    assert project.jobs(TARGET) == {}, "the same target again has something to do"


def trained_once(project: Project, sessions: int) -> None:
    """Fail unless every model was trained in ``sessions`` processes.

    Each must have resumed from a later checkpoint than the one before.
    """
    for run in trained(project):
        first_steps = [session["from"] for session in project.record(run)["sessions"]]
        assert len(first_steps) == sessions, (run, first_steps)
        assert first_steps == sorted(set(first_steps)), (run, first_steps)
        assert first_steps[0] == 0


def trained(project: Project) -> list[str]:
    """Keys of the runs that were trained."""
    return sorted(key for key in project.weights() if "/beta_vae/" in key)


def folders(project: Project) -> list[Path]:
    """Folders of the runs that are being made or finished, without controls."""
    return sorted((project.folder / "results/runs/toy/beta_vae").glob("*/*"))


def step(folder: Path) -> int:
    """The step of a run's checkpoint; 0 if it has none."""
    return checkpointed(folder / "checkpoint.safetensors")


def holder(folder: Path) -> dict[str, object]:
    """Who holds the lease on a run now: process and SLURM job; empty if nobody does."""
    try:
        return json.loads((folder / "claim.json").read_text())
    except FileNotFoundError:
        return {}


def pause(folder: Path) -> psutil.Process:
    """Suspend the process that makes a run, so that it cannot end before its fault.

    The caller resumes it.
    """
    process = psutil.Process(int(str(holder(folder)["pid"])))
    process.suspend()
    return process


def told_to_stop(process: psutil.Process) -> bool:
    """Whether SIGTERM is pending for a suspended process, or the process is gone."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return True
    pending = int(next(line.split()[1] for line in lines if line.startswith("ShdPnd")), 16)
    return bool(pending >> (signal.SIGTERM - 1) & 1) or process.status() == psutil.STATUS_ZOMBIE


def wait(condition: Callable[[], object], what: str, seconds: float = 300) -> float:
    """Wait for a condition; returns how many seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"no {what} after {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


def head(project: Project, *arguments: str) -> "subprocess.Popen[str]":
    """Start snakemake; its output is in the project's head.log, also after it is killed."""
    with (project.folder / "head.log").open("a") as log:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        return subprocess.Popen(
            command, cwd=project.folder, env=project.environment, text=True, stdout=log, stderr=log
        )


def printed(project: Project) -> str:
    """What the snakemake processes of a project have printed."""
    return (project.folder / "head.log").read_text()


def finish(process: "subprocess.Popen[str]", project: Project) -> None:
    """Wait for a snakemake to end successfully."""
    assert process.wait(300) == 0, printed(project)


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill a process and all processes that it started here."""
    for each in [*psutil.Process(process.pid).children(recursive=True), process]:
        each.send_signal(signal.SIGKILL)
    process.wait(10)


def logs(project: Project, rule: str) -> str:
    """All logs of a rule, SLURM's own included."""
    paths = [
        *project.folder.glob(f"results/logs/{rule}/**/*.log"),
        *project.folder.glob(f"results/logs/slurm/rule_{rule}/**/*"),
    ]
    return "\n".join(path.read_text(errors="replace") for path in sorted(paths) if path.is_file())


def report(fault: str, **figures: object) -> None:
    """Append a row for docs/faults.md to the file FACSIMILE_FAULTS, if it is set."""
    row = {
        "fault": fault,
        **{name: round(v, 1) if isinstance(v, float) else v for name, v in figures.items()},
    }
    print(row)
    if path := os.environ.get("FACSIMILE_FAULTS"):
        with Path(path).open("a") as file:
            file.write(json.dumps(row) + "\n")
