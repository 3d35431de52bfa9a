"""Faults of the head snakemake: killed beside its jobs, started twice, or sees files late."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from project import Project

from . import faults
from .cluster import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

LATE = 4.0  # seconds until snakemake sees a file that a node wrote
PATIENT = (
    "--profile",
    "slurm",
    "--slurm-init-seconds-before-status-checks",
    "1",
    "--latency-wait",
    "20",
)
# In its own mount namespace, so that nobody else sees the mount.
ELSEWHERE = "mount --bind {view} {results} && exec {python} -m snakemake --cores 2 {arguments}"


@pytest.fixture
def project(reference: Project, tmp_path: Path) -> Project:
    """One model to train."""
    return faults.unmade(reference, tmp_path / "project")


def test_jobs_of_a_killed_snakemake_train_runs_for_the_next_one(
    slurm_cluster: Cluster, project: Project, reference: Project
):
    first = faults.head(project, *faults.ON_SLURM, "--", faults.TARGET)
    faults.wait(lambda: any(map(faults.step, faults.folders(project))), "checkpoint")
    training = faults.pause(faults.folders(project)[0])
    faults.kill(first)
    began = time.monotonic()

    refused = project.snakemake("--", faults.TARGET, check=False)
    assert "another snakemake is working in this folder" in refused
    assert "--unlock" in refused
    project.snakemake("--unlock", "--", faults.TARGET)

    second = faults.head(project, *faults.ON_SLURM, "--", faults.TARGET)
    faults.wait(
        lambda: "is making it; waiting for it" in faults.logs(project, "train"),
        "second job that waits",
    )
    training.resume()
    faults.kill(second)
    slurm_cluster.wait(
        lambda: not slurm_cluster.jobs("RUNNING,PENDING,COMPLETING"), 300, "end of both orphans"
    )

    project.snakemake("--unlock", "--", faults.TARGET)
    project.snakemake("--", faults.TARGET)
    faults.report("head_killed_twice", seconds=time.monotonic() - began)
    faults.undisturbed(project, reference)
    faults.trained_once(project, 1)


def test_two_users_who_start_the_same_target_at_once_train_it_once(
    slurm_cluster: Cluster, project: Project, reference: Project, tmp_path: Path
):
    other = project.copy(tmp_path / "other")
    shutil.rmtree(other.folder / "results")
    (other.folder / "results").symlink_to(project.folder / "results")
    target = faults.index(project, "trained")
    began = time.monotonic()
    heads = [faults.head(each, *faults.ON_SLURM, "--", target) for each in (project, other)]
    codes = [head.wait(300) for head in heads]
    seconds = time.monotonic() - began
    planned = [each.jobs("--", faults.TARGET) for each in (project, other)]
    for each in (project, other):
        each.snakemake("--", faults.TARGET)
    faults.report("two_users", seconds=seconds, exit_codes=codes)
    assert all("train" not in jobs for jobs in planned)
    faults.undisturbed(project, reference)
    faults.trained_once(project, 1)


def test_snakemake_waits_for_files_that_it_sees_late(
    slurm_cluster: Cluster, project: Project, reference: Project, tmp_path: Path
):
    results, view = project.folder / "results", tmp_path / "view"
    shutil.copytree(results, view, symlinks=True)
    target = faults.index(project, "encoded")
    arguments = " ".join([*PATIENT, "--slurm-logdir", str(tmp_path / "slurm"), "--", target])
    script = ELSEWHERE.format(
        view=view, results=results, python=sys.executable, arguments=arguments
    )
    probe = subprocess.run(
        ["unshare", "-m", "mount", "--bind", str(view), str(results)],
        capture_output=True,
        text=True,
    )
    if probe.returncode != 0:
        pytest.skip(f"no mount namespace can be made here: {probe.stderr.strip()}")
    began = time.monotonic()
    with shown_late(results, view) as late:
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script],
            cwd=project.folder,
            env=project.environment,
            capture_output=True,
            text=True,
        )
    faults.report("seen_late", seconds=time.monotonic() - began, late=LATE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"trained.json", "encoded.json", "run.json", "latents.h5"} <= late
    project.snakemake("--", faults.TARGET)
    faults.undisturbed(project, reference)
    faults.trained_once(project, 1)


@contextmanager
def shown_late(results: Path, view: Path) -> Iterator[set[str]]:
    """Show what is written in ``results`` some seconds later in ``view``, while the block runs.

    Yields the set of names of files that were shown late.
    """
    late: set[str] = set()
    stop, seen = threading.Event(), {path: time.monotonic() for path in results.rglob("*")}

    def show() -> None:
        while not stop.wait(0.2):
            for path in sorted(results.rglob("*")):
                first = seen.setdefault(path, time.monotonic())
                shown = view / path.relative_to(results)
                if (
                    time.monotonic() - first > LATE
                    and path.is_file()
                    and not path.name.endswith(".part")
                ):
                    shown.parent.mkdir(parents=True, exist_ok=True)
                    if not shown.exists() or shown.stat().st_mtime < path.stat().st_mtime:
                        copy = shown.with_name(f"{shown.name}.late")
                        shutil.copy2(path, copy)
                        copy.replace(shown)
                        late.add(path.name)

    thread = threading.Thread(target=show)
    thread.start()
    try:
        yield late
    finally:
        stop.set()
        thread.join()
