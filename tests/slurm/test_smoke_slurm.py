"""A whole study with `snakemake --profile slurm`, on a real SLURM."""

import json
from pathlib import Path

import pytest
from project import Project

from .cluster import HURRY, Cluster

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

# Jobs of the cluster; tables and figures are made where snakemake runs.
SUBMITTED = ("data", "train", "encode", "score")


def test_a_study_is_made_through_sbatch(slurm_cluster: Cluster, tmp_path: Path):
    project = Project.create(tmp_path / "project")
    # Each job of the cluster takes seconds; those of controls would show nothing new.
    project.edit("seeds: 2", "seeds: 2\ncontrol_seeds: 0")
    planned = project.jobs("tiny")
    before = set(slurm_cluster.jobs("COMPLETED"))
    project.snakemake("tiny", "--profile", "slurm", *HURRY)
    submitted = set(slurm_cluster.jobs("COMPLETED")) - before
    assert len(submitted) == sum(planned[rule] for rule in SUBMITTED)
    assert jobs_of_trained_runs(project) <= submitted
    assert (project.folder / "results/studies/tiny/smoke/comparison.csv").stat().st_size > 0
    assert project.jobs("tiny") == {}


def jobs_of_trained_runs(project: Project) -> set[str]:
    """The SLURM jobs that trained runs, as recorded in the store."""
    records = [
        json.loads(path.read_text())
        for path in project.folder.glob("results/runs/*/*/*/*/run.json")
    ]
    trained = [record["job"] for record in records if record["steps"]]
    assert trained, "no run was trained"
    return set(trained)
