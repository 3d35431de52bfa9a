"""`facsimile doctor --profile slurm` with a controller: up, down, or without the partition."""

from pathlib import Path

import pytest
from project import Project

from .cluster import PARTITION, Cluster

pytestmark = [pytest.mark.slow, pytest.mark.slurm]


def test_doctor_asks_the_controller(slurm_cluster: Cluster, tmp_path: Path):
    project = Project.create(tmp_path / "project")

    def line(name: str) -> str:
        output = project.facsimile("doctor", "tiny", "--profile", "slurm", check=False)
        return next(line for line in output.splitlines() if f"{name}: " in line)

    assert line("partition").startswith("ok")
    project.edit(
        "  mem_mb: 4000",
        f"  mem_mb: 4000\n  slurm_partition: {PARTITION}x",
        "profiles/slurm/profile.yaml",
    )
    assert f"no partition {PARTITION}x; there are: {PARTITION}" in line("partition")
    slurm_cluster.stop_daemon("slurmctld")
    try:
        assert line("SLURM").startswith("problem")
    finally:
        slurm_cluster.start_daemon("slurmctld")
        slurm_cluster.wait(
            lambda: slurm_cluster.idle() == len(slurm_cluster.nodes), 300, "idle nodes"
        )
