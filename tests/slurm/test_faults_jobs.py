"""What befalls jobs and nodes while they train: cancelled, out of time, preempted, without power; and a controller restarts."""

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

# A node each, so that a node's failure is that of one run; and encoding is given too little memory, once.
APART = ("--set-resources", "train:mem_mb=12000")
TOO_LITTLE = ("--set-resources", "encode:mem_mb=120 if attempt == 1 else 4000")


BOOT = 15.0  # seconds until a node is back; a controller that has just started would not yet believe it that its job is gone


class Struck(NamedTuple):
    """A run at the moment of its fault: what befell it, its folder, the process that made it, the steps of its checkpoint."""

    fault: str
    folder: Path
    pid: int
    step: int

    def went_on(self) -> bool:
        """Whether another process makes it, or it is made."""
        now = faults.holder(self.folder)
        return (self.folder / "run.json").exists() or (bool(now) and now["pid"] != self.pid)


class Disturbed(NamedTuple):
    """A project whose four runs were each struck by a fault, and have gone on."""

    project: Project
    struck: dict[str, Struck]


@pytest.fixture(scope="module")
def disturbed(
    slurm_cluster: Cluster, reference: Project, tmp_path_factory: pytest.TempPathFactory
) -> Disturbed:
    """Four training jobs on four nodes; the controller restarts while they train, then each meets a fault of its own."""
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
        60,
        "four jobs that go on",
    )
    kinds = (cancel, out_of_time, preempt, power_failure)
    with ThreadPoolExecutor() as pool:
        struck = [
            strike(slurm_cluster, *one, kind, pool)
            for one, kind in zip(paused.items(), kinds, strict=True)
        ]
        waiting = {
            s.fault: pool.submit(faults.wait, s.went_on, f"run that goes on after {s.fault}")
            for s in struck
        }
        time.sleep(BOOT)
        for node in slurm_cluster.dead():
            slurm_cluster.start_daemon(node)
    faults.finish(process, project)
    for s in struck:
        went_on = project.record("/".join(s.folder.parts[-4:]))["sessions"][-1]["from"]
        seconds = waiting[s.fault].result()
        faults.report(s.fault, seconds=seconds, checkpoint=s.step, went_on=went_on, of=faults.STEPS)
    return Disturbed(project, {s.fault: s for s in struck})


def pause_all(project: Project, count: int) -> dict[Path, psutil.Process]:
    """Each run's folder and its process, stopped when the run had its first checkpoint."""
    paused: dict[Path, psutil.Process] = {}

    def look() -> bool:
        for folder in faults.folders(project):
            if folder not in paused and faults.step(folder):
                paused[folder] = faults.pause(folder)
        return len(paused) == count

    faults.wait(look, "checkpoints")
    return paused


def strike(
    cluster: Cluster,
    folder: Path,
    process: psutil.Process,
    fault: Callable[[Cluster, str], None],
    pool: ThreadPoolExecutor,
) -> Struck:
    """Let a fault befall the job that makes a run; its process goes on once it is told."""
    fault(cluster, str(faults.holder(folder)["job"]))

    def go_on() -> None:
        faults.wait(lambda: faults.told_to_stop(process), "SIGTERM")
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()

    pool.submit(go_on)
    return Struck(fault.__name__, folder, process.pid, faults.step(folder))


def cancel(cluster: Cluster, job: str) -> None:
    cluster.run("scancel", job)


def out_of_time(cluster: Cluster, job: str) -> None:
    """The job's time will be up in two minutes, at which the profile has SLURM warn it; SLURM looks every half minute."""
    end = datetime.now() + timedelta(seconds=120)
    cluster.run(
        "scontrol", "update", f"JobId={job}", f"EndTime={end.isoformat(timespec='seconds')}"
    )


def preempt(cluster: Cluster, job: str) -> None:
    """A more urgent job wants the node."""
    asked = [
        "--partition",
        URGENT,
        "--nodelist",
        node_of(cluster, job),
        "--exclusive",
        "--mem=0",
        "--output=/dev/null",
    ]
    cluster.run("sbatch", "--parsable", *asked, "--wrap", "sleep 1")


def power_failure(cluster: Cluster, job: str) -> None:
    """The node loses its power."""
    cluster.fail_node(node_of(cluster, job))


def node_of(cluster: Cluster, job: str) -> str:
    return cluster.run("squeue", "-h", "-j", job, "-o", "%N").strip()


@pytest.mark.parametrize("fault", ["cancel", "out_of_time", "preempt", "power_failure"])
def test_a_struck_job_goes_on_from_its_checkpoint(disturbed: Disturbed, fault: str):
    struck = disturbed.struck[fault]
    run = "/".join(struck.folder.parts[-4:])
    first, second = disturbed.project.record(run)["sessions"]
    assert first["from"] == 0
    assert second["from"] >= struck.step > 0
    assert disturbed.project.record(run)["steps"] == faults.STEPS


def test_a_controller_that_restarts_costs_nothing(disturbed: Disturbed):
    """No run has more sessions than its own fault explains, though all were training when the controller went."""
    assert {
        len(disturbed.project.record(run)["sessions"]) for run in faults.trained(disturbed.project)
    } == {2}


def test_out_of_memory_is_seen_and_more_is_given_and_all_scores_are_those_of_an_undisturbed_study(
    disturbed: Disturbed, reference: Project
):
    project = disturbed.project
    began = time.monotonic()
    process = faults.head(project, *faults.ON_SLURM, *TOO_LITTLE, "--", faults.TARGET)
    faults.finish(process, project)
    faults.report("out_of_memory", seconds=time.monotonic() - began)
    said = faults.logs(project, "encode")
    assert "memory limit" in said
    assert ", 0 to make" in faults.logs(project, "train")
    faults.undisturbed(project, reference)
    faults.trained_once(project, 2)
