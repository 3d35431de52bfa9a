"""Faults of jobs and nodes in training: cancelled, out of time, preempted, no power.

The controller restarts, too.
"""

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from project import Project

from . import faults
from .cluster import URGENT, Cluster

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

# One job per node, so that the failure of a node concerns one run.
APART = ("--set-resources", "train:mem_mb=12000")
# Encoding gets too little memory in its first attempt.
TOO_LITTLE = ("--set-resources", "encode:mem_mb=120 if attempt == 1 else 4000")

# Seconds until a node is back. A controller that has just started would not yet believe a node that
# its job is gone.
BOOT = 15.0


class RunWithFault(NamedTuple):
    """A run at the moment of its fault, with its folder, process and checkpoint step."""

    fault: str
    folder: Path
    pid: int
    step: int

    def went_on(self) -> bool:
        """Whether another process is making the run, or the run is finished."""
        now = faults.holder(self.folder)
        return (self.folder / "run.json").exists() or (bool(now) and now["pid"] != self.pid)


class Disturbed(NamedTuple):
    """A project in which each of four runs had a fault and has resumed."""

    project: Project
    runs: dict[str, RunWithFault]


@pytest.fixture(scope="module")
def disturbed(
    slurm_cluster: Cluster, reference: Project, tmp_path_factory: pytest.TempPathFactory
) -> Disturbed:
    """Four training jobs on four nodes.

    The controller restarts while they train, then each job gets another fault.
    """
    project = faults.unmade(
        reference, tmp_path_factory.mktemp("disturbed") / "project", "[1, 2, 4, 8]"
    )
    shards = [
        line.split()[0]
        for line in project.facsimile(
            "--set", "shard_size=1", "list", "tiny", "--shards"
        ).splitlines()
    ]
    indexes = [f"results/shards/{shard}/trained.json" for shard in shards if "/beta_vae/" in shard]
    process = faults.head(
        project, *faults.ON_SLURM, *APART, "--config", "shard_size=1", "--", *indexes
    )
    paused = pause_all(project, 4)
    slurm_cluster.stop_daemon("slurmctld")
    slurm_cluster.start_daemon("slurmctld")
    slurm_cluster.wait(
        lambda: slurm_cluster.responds() and len(slurm_cluster.jobs("RUNNING")) == 4,
        300,
        "four jobs that go on",
    )
    kinds = (cancel, out_of_time, preempt, power_failure)
    with ThreadPoolExecutor() as pool:
        runs = [
            cause_fault(slurm_cluster, *one, kind, pool)
            for one, kind in zip(paused.items(), kinds, strict=True)
        ]
        waiting = {
            run.fault: pool.submit(faults.wait, run.went_on, f"run that goes on after {run.fault}")
            for run in runs
        }
        time.sleep(BOOT)
        for node in slurm_cluster.dead():
            slurm_cluster.start_daemon(node)
    faults.finish(process, project)
    for run in runs:
        record = project.record("/".join(run.folder.parts[-4:]))
        faults.report(
            run.fault,
            seconds=waiting[run.fault].result(),
            checkpoint=run.step,
            went_on=record["sessions"][-1]["from"],
            of=faults.STEPS,
        )
    return Disturbed(project, {run.fault: run for run in runs})


def pause_all(project: Project, count: int) -> dict[Path, psutil.Process]:
    """Folder and process of each run; the process is suspended after its first checkpoint."""
    paused: dict[Path, psutil.Process] = {}

    def look() -> bool:
        for folder in faults.folders(project):
            if folder not in paused and faults.step(folder):
                paused[folder] = faults.pause(folder)
        return len(paused) == count

    faults.wait(look, "checkpoints")
    return paused


def cause_fault(
    cluster: Cluster,
    folder: Path,
    process: psutil.Process,
    fault: Callable[[Cluster, str], None],
    pool: ThreadPoolExecutor,
) -> RunWithFault:
    """Cause a fault in the job that makes a run; its process resumes once it gets SIGTERM."""
    fault(cluster, str(faults.holder(folder)["job"]))

    def go_on() -> None:
        faults.wait(lambda: faults.told_to_stop(process), "SIGTERM")
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()

    pool.submit(go_on)
    return RunWithFault(fault.__name__, folder, process.pid, faults.step(folder))


def cancel(cluster: Cluster, job: str) -> None:
    cluster.run("scancel", job)


def out_of_time(cluster: Cluster, job: str) -> None:
    """Let the job's time end in two minutes, which is when the profile has SLURM warn it.

    SLURM looks every half minute.
    """
    end = datetime.now() + timedelta(seconds=120)
    cluster.run(
        "scontrol", "update", f"JobId={job}", f"EndTime={end.isoformat(timespec='seconds')}"
    )


def preempt(cluster: Cluster, job: str) -> None:
    """Submit a more urgent job for the same node."""
    options = [
        "--partition",
        URGENT,
        "--nodelist",
        node_of(cluster, job),
        "--exclusive",
        "--mem=0",
        "--output=/dev/null",
    ]
    cluster.run("sbatch", "--parsable", *options, "--wrap", "sleep 1")


def power_failure(cluster: Cluster, job: str) -> None:
    """Make the node of the job lose its power."""
    cluster.fail_node(node_of(cluster, job))


def node_of(cluster: Cluster, job: str) -> str:
    return cluster.run("squeue", "-h", "-j", job, "-o", "%N").strip()


@pytest.mark.parametrize("fault", ["cancel", "out_of_time", "preempt", "power_failure"])
def test_a_job_resumes_from_its_checkpoint_after_a_fault(disturbed: Disturbed, fault: str):
    run_with_fault = disturbed.runs[fault]
    key = "/".join(run_with_fault.folder.parts[-4:])
    record = disturbed.project.record(key)
    first, second = record["sessions"]
    assert first["from"] == 0
    assert second["from"] >= run_with_fault.step > 0
    assert record["steps"] == faults.STEPS


def test_a_controller_that_restarts_costs_nothing(disturbed: Disturbed):
    """No run has more sessions than its own fault causes; all were training at the restart."""
    records = [disturbed.project.record(run) for run in faults.trained(disturbed.project)]
    assert {len(record["sessions"]) for record in records} == {2}


def test_a_job_that_is_out_of_memory_gets_more_and_all_scores_are_as_without_faults(
    disturbed: Disturbed, reference: Project
):
    project = disturbed.project
    target = faults.index(project, "encoded")
    began = time.monotonic()
    process = faults.head(project, *faults.ON_SLURM, *TOO_LITTLE, "--", target)
    faults.finish(process, project)
    faults.report("out_of_memory", seconds=time.monotonic() - began)
    project.snakemake("--", faults.TARGET)
    output = faults.logs(project, "encode")
    assert "memory limit" in output
    assert ", 0 to make" in faults.logs(project, "train")
    faults.undisturbed(project, reference)
    faults.trained_once(project, 2)
