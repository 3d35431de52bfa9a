"""Why profiles/slurm uses squeue and not sacct: faults of the executor plugin.

Each test states the correct behaviour and fails, as expected, with plugin 2.8.0. If one passes, a
newer plugin has fixed the fault: then look at `docs/cluster.md` and `profiles/slurm`, which may go
back to sacct once all pass. A third fault ("None assigned": after a node failure every later
submission is refused) depends on the moment at which the plugin looks, and is not tested here.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import accounting
from .cluster import HURRY, Cluster

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

LOOKS = 30  # seconds within which the plugin looks at least twice
SNAKEFILE = """\
rule short:
    output: "short.txt"
    resources: mem_mb=1000, runtime=5
    shell: "touch {output}"

rule patient:
    output: "patient.txt"
    retries: 1
    resources: mem_mb=1000, runtime=5, turn=lambda wildcards, attempt: attempt
    shell: "if [ {resources.turn} = 1 ]; then sleep 300; fi; touch {output}"
"""


@pytest.fixture(scope="module")
def accounted(slurm_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster with accounting; skips, with the reason, if accounting is not possible."""
    if (reason := accounting.obstacle()) is not None:
        pytest.skip(reason)
    with accounting.accounting(slurm_cluster):
        yield slurm_cluster


class WithSacct:
    """A snakemake that uses sacct for the state of its jobs.

    It is killed at the end, since it may wait for ever.
    """

    def __init__(self, toy: Path, target: str) -> None:
        command = [
            sys.executable,
            "-m",
            "snakemake",
            target,
            "--profile",
            "slurm",
            *HURRY,
            "--slurm-status-command",
            "sacct",
        ]
        self.log = toy / "head.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=toy, stdout=log, stderr=subprocess.STDOUT)

    def __enter__(self) -> "WithSacct":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)

    def says(self, text: str, seconds: float) -> bool:
        """Whether it prints a text within so many seconds or ends successfully."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text in self.log.read_text() or self.process.poll() == 0:
                return True
            time.sleep(0.2)
        return False


def started(cluster: Cluster) -> str:
    """Wait for a running job and return its id."""
    cluster.wait(lambda: cluster.jobs("RUNNING"), 300, "running job")
    return cluster.jobs("RUNNING")[-1]


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="2.8.0 waits for ever where accounting is off"
)
def test_without_accounting_a_job_that_ends_is_seen(slurm_cluster: Cluster, toy: Path):
    before = set(slurm_cluster.jobs("COMPLETED"))
    with WithSacct(toy, "short.txt") as snakemake:
        slurm_cluster.wait(
            lambda: set(slurm_cluster.jobs("COMPLETED")) - before, 300, "finished job"
        )
        assert snakemake.says("Finished jobid", LOOKS)


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="2.8.0 looks for CANCELLED, and sacct says CANCELLED by 0",
)
def test_a_cancelled_job_is_seen(accounted: Cluster, toy: Path):
    with WithSacct(toy, "patient.txt") as snakemake:
        job = started(accounted)
        accounted.run("scancel", job)
        accounted.wait(
            lambda: "CANCELLED" in accounted.run("sacct", "-X", "-n", "-j", job, "-o", "State"),
            300,
            "cancelled job",
        )
        assert snakemake.says(f"SLURM-job '{job}' failed", LOOKS)
