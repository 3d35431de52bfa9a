"""Snakemake with the repository's profile on a real SLURM: sbatch, and jobs that are cancelled."""

import subprocess
import sys
from pathlib import Path

import pytest

from .cluster import HURRY, Cluster, obstacle

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

SNAKEFILE = """\
rule all:
    localrule: True
    input: "gpu.txt", "cores.txt"

rule gpu:
    output: "gpu.txt"
    resources: gres="gpu:1", runtime=5, mem_mb=1000
    shell: "echo $SLURM_JOB_ID $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES > {output}"

rule cores:
    output: "cores.txt"
    resources: cpus_per_task=6, runtime=5, mem_mb=1000
    shell: "echo $SLURM_JOB_ID $SLURM_CPUS_PER_TASK $OMP_NUM_THREADS > {output}"

rule patient:
    output: "patient.txt"
    retries: 1
    resources: runtime=5, mem_mb=1000, turn=lambda wildcards, attempt: attempt
    shell:
        "if [ {resources.turn} = 1 ]; then sleep 120; fi; "
        "echo $SLURM_JOB_ID {resources.turn} > {output}"
"""


def snakemake(toy: Path, *targets: str) -> "subprocess.Popen[str]":
    """Start it with the slurm profile; only the waits are shorter than at a real site."""
    command = [sys.executable, "-m", "snakemake", *targets, "--profile", "slurm", *HURRY]
    return subprocess.Popen(
        command, cwd=toy, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def finish(process: "subprocess.Popen[str]") -> str:
    """Wait for a process and return its output; fails if the process failed."""
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, printed
    return printed


def test_jobs_go_through_sbatch_and_get_their_resources(slurm_cluster: Cluster, toy: Path):
    finish(snakemake(toy))
    [log] = (toy / ".snakemake" / "log").glob("*.log")
    gpu_job, node, device = (toy / "gpu.txt").read_text().split()
    cores_job, cores, threads = (toy / "cores.txt").read_text().split()
    assert {gpu_job, cores_job} <= set(slurm_cluster.jobs("COMPLETED"))
    assert f"SLURM jobid {gpu_job}" in log.read_text(encoding="utf-8")
    assert node in slurm_cluster.nodes
    assert device in ("0", "1")
    assert (cores, threads) == ("6", "1")


def test_a_cancelled_job_is_noticed_and_submitted_again(slurm_cluster: Cluster, toy: Path):
    before = set(slurm_cluster.jobs("RUNNING"))
    process = snakemake(toy, "patient.txt")
    slurm_cluster.wait(lambda: set(slurm_cluster.jobs("RUNNING")) - before, 300, "running job")
    (cancelled,) = set(slurm_cluster.jobs("RUNNING")) - before
    slurm_cluster.run("scancel", cancelled)
    finish(process)
    job, turn = (toy / "patient.txt").read_text().split()
    assert turn == "2"
    assert job != cancelled


def test_the_configuration_of_a_real_cluster_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(f"{obstacle.__module__}.CONFIG_FOLDER", tmp_path)
    monkeypatch.delenv("SLURM_CONF", raising=False)
    if (reason := obstacle()) is not None:
        pytest.skip(reason)
    (tmp_path / "slurm.conf").symlink_to("/nowhere/shared/slurm.conf")
    assert "belongs to a real cluster" in str(obstacle())
