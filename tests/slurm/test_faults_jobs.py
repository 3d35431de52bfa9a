"""What befalls jobs and nodes while they train: cancelled, out of time, preempted, without power; and a controller restarts."""

import signal
import threading
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
    folders: dict[str, Path]


@pytest.fixture(scope="module")
def disturbed(slurm_cluster: Cluster, reference: Project, tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    """Four training jobs on four nodes; the controller restarts while they train, then each meets a fault of its own."""
    project = faults.unmade(reference, tmp_path_factory.mktemp("disturbed") / "project", "[1, 2, 4, 8]")
    shards = [line.split()[0] for line in project.facsimile("--set", "shard_size=1", "list", "tiny", "--shards").splitlines()]
    indexes = [f"results/shards/{shard}/trained.json" for shard in shards if "/beta_vae/" in shard]
    process = faults.head(project, *faults.ON_SLURM, *APART, "--config", "shard_size=1", "--", *indexes)
    faults.wait(lambda: len(faults.folders(project)) == 4 and all(map(faults.step, faults.folders(project))), "checkpoints")
    slurm_cluster.stop_daemon("slurmctld")
    slurm_cluster.start_daemon("slurmctld")
    slurm_cluster.wait(lambda: slurm_cluster.responds() and len(slurm_cluster.jobs("RUNNING")) == 4, 30, "four jobs that go on")
    kinds = (cancel, out_of_time, preempt, power_failure)
    struck = [strike(slurm_cluster, folder, kind) for folder, kind in zip(faults.folders(project), kinds, strict=True)]
    with ThreadPoolExecutor() as pool:
        waiting = {s.fault: pool.submit(faults.wait, s.went_on, f"run that goes on after {s.fault}") for s in struck}
        time.sleep(BOOT)
        for node in slurm_cluster.dead():
            slurm_cluster.start_daemon(node)
    faults.finish(process, project)
    seconds = {fault: future.result() for fault, future in waiting.items()}
    for s in struck:
        went_on = project.record("/".join(s.folder.parts[-4:]))["sessions"][-1]["from"]
        faults.report(s.fault, seconds=seconds[s.fault], checkpoint=s.step, went_on=went_on, of=faults.STEPS)
    return Disturbed(project, {s.fault: s.folder for s in struck})


def strike(cluster: Cluster, folder: Path, fault: Callable[[Cluster, str, int], None]) -> Struck:
    """Let a fault befall the job that makes a run."""
    held = faults.holder(folder)
    pid = int(str(held["pid"]))
    found = Struck(fault.__name__, folder, pid, faults.step(folder))
    fault(cluster, str(held["job"]), pid)
    return found


def cancel(cluster: Cluster, job: str, pid: int) -> None:
    cluster.run("scancel", job)


def out_of_time(cluster: Cluster, job: str, pid: int) -> None:
    """The job's time will be up in two minutes, at which the profile has SLURM warn it; SLURM looks every half minute."""
    end = datetime.now() + timedelta(seconds=120)
    cluster.run("scontrol", "update", f"JobId={job}", f"EndTime={end.isoformat(timespec='seconds')}")
    training = psutil.Process(pid)
    training.suspend()  # so that it has not ended by then
    threading.Thread(target=lambda: (faults.wait(lambda: warned(pid), "SIGTERM"), training.resume())).start()


def warned(pid: int) -> bool:
    """Whether SIGTERM waits for a stopped process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    pending = next(int(line.split()[1], 16) for line in lines if line.startswith("ShdPnd"))
    return bool(pending >> (signal.SIGTERM - 1) & 1)


def preempt(cluster: Cluster, job: str, pid: int) -> None:
    """A more urgent job wants the node."""
    asked = ["--partition", URGENT, "--nodelist", node_of(cluster, job), "--exclusive", "--mem=0", "--output=/dev/null"]
    cluster.run("sbatch", "--parsable", *asked, "--wrap", "sleep 1")


def power_failure(cluster: Cluster, job: str, pid: int) -> None:
    """The node loses its power."""
    cluster.fail_node(node_of(cluster, job))


def node_of(cluster: Cluster, job: str) -> str:
    return cluster.run("squeue", "-h", "-j", job, "-o", "%N").strip()


@pytest.mark.parametrize("fault", ["cancel", "out_of_time", "preempt", "power_failure"])
def test_a_struck_job_goes_on_from_its_checkpoint(disturbed: Disturbed, fault: str):
    run = "/".join(disturbed.folders[fault].parts[-4:])
    first, second = disturbed.project.record(run)["sessions"]
    assert first["from"] == 0
    assert second["from"] > 0
    assert disturbed.project.record(run)["steps"] == faults.STEPS


def test_a_controller_that_restarts_costs_nothing(disturbed: Disturbed):
    """No run has more sessions than its own fault explains, though all were training when the controller went."""
    assert {len(disturbed.project.record(run)["sessions"]) for run in faults.trained(disturbed.project)} == {2}


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
