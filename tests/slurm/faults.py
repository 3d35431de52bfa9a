"""Faults on a study of one small model: what was there before, what came after, and how long it took.

Each fault gets a copy of a project whose controls are made and whose trained model is not. The figures of docs/faults.md are
what these tests print: FACSIMILE_FAULTS=FILE pytest tests/slurm -k faults
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
    "metrics: [mig, modularity]": "metrics: [mig]",
}
ON_SLURM = ("--profile", "slurm", *HURRY)


def made(folder: Path) -> Project:
    """The undisturbed project, from its first run to its scores."""
    project = Project.create(folder)
    for old, new in SMALL.items():
        project.edit(old, new)
    config = project.folder / "config" / "config.yaml"
    config.write_text(config.read_text() + f"checkpoint_steps: {INTERVAL}\n")
    project.snakemake(TARGET)
    return project


def unmade(reference: Project, folder: Path, betas: str = "[4]") -> Project:
    """A copy of a project in which the model of these betas is still to be trained, and no other is asked for."""
    project = reference.copy(folder)
    project.edit("beta: [1, 2, 4, 8]", f"beta: {betas}")
    for path in ("runs/toy/beta_vae", "shards/toy/beta_vae", "studies", "logs"):
        shutil.rmtree(project.folder / "results" / path)
    return project


def scores(project: Project) -> pd.DataFrame:
    """scores.parquet, without what differs from time to time."""
    table = pd.read_parquet(project.folder / TARGET).drop(columns=["seconds"])
    return table.sort_values(["run", "metric", "score"]).reset_index(drop=True)


def undisturbed(project: Project, reference: Project) -> None:
    """Fail unless the scores are those of the undisturbed project, to the last bit, with nothing half-written left behind."""
    ours, theirs = scores(project), scores(reference)
    columns = [
        name for name in theirs if name not in ("value_index", "number")
    ]  # a study of fewer betas numbers them otherwise
    theirs = theirs[theirs["run"].isin(ours["run"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours[columns], theirs[columns], check_exact=True)
    left = [
        *project.folder.glob("results/runs/**/*.part"),
        *project.folder.glob("results/runs/**/checkpoint*"),
    ]
    assert not left, left
    assert project.jobs(TARGET) == {}, "the same target again has something to do"


def trained_once(project: Project, sessions: int) -> None:
    """Fail unless every model was trained in so many processes, each going on where the one before had a checkpoint."""
    for run in trained(project):
        found = [session["from"] for session in project.record(run)["sessions"]]
        assert len(found) == sessions, (run, found)
        assert found == sorted(set(found)), (run, found)
        assert found[0] == 0


def trained(project: Project) -> list[str]:
    """Keys of the runs that were trained."""
    return sorted(key for key in project.weights() if "/beta_vae/" in key)


def folders(project: Project) -> list[Path]:
    """Folders of the runs that are in the making or made, controls aside."""
    return sorted((project.folder / "results/runs/toy/beta_vae").glob("*/*"))


def step(folder: Path) -> int:
    """Steps of a run's checkpoint; 0 if it has none."""
    return checkpointed(folder / "checkpoint.safetensors")


def holder(folder: Path) -> dict[str, object]:
    """Who makes a run now: its process and SLURM job; empty if nobody does."""
    try:
        return json.loads((folder / "claim.json").read_text())
    except FileNotFoundError:
        return {}


def pause(folder: Path) -> psutil.Process:
    """Stop the process that makes a run, so that it has not ended before its fault comes; it is resumed by the caller."""
    process = psutil.Process(int(str(holder(folder)["pid"])))
    process.suspend()
    return process


def told_to_stop(process: psutil.Process) -> bool:
    """Whether SIGTERM waits for a stopped process, or it is gone."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return True
    pending = int(next(line.split()[1] for line in lines if line.startswith("ShdPnd")), 16)
    return bool(pending >> (signal.SIGTERM - 1) & 1) or process.status() == psutil.STATUS_ZOMBIE


def wait(condition: Callable[[], object], what: str, seconds: float = 300) -> float:
    """Wait for a condition; answers how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"no {what} after {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


def head(project: Project, *arguments: str) -> "subprocess.Popen[str]":
    """Start snakemake, its output in head.log of the project, where a killed one leaves it."""
    with (project.folder / "head.log").open("a") as log:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        return subprocess.Popen(
            command, cwd=project.folder, env=project.environment, text=True, stdout=log, stderr=log
        )


def printed(project: Project) -> str:
    """What the project's snakemakes have printed."""
    return (project.folder / "head.log").read_text()


def finish(process: "subprocess.Popen[str]", project: Project) -> None:
    """Wait for a snakemake to end well."""
    assert process.wait(300) == 0, printed(project)


def kill(process: "subprocess.Popen[str]") -> None:
    """End a process and all that it started here, at once."""
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
    """Keep a row for docs/faults.md, where one is wanted."""
    row = {
        "fault": fault,
        **{name: round(v, 1) if isinstance(v, float) else v for name, v in figures.items()},
    }
    print(row)
    if path := os.environ.get("FACSIMILE_FAULTS"):
        with Path(path).open("a") as file:
            file.write(json.dumps(row) + "\n")
