"""A whole study with `snakemake --profile slurm`, on a real SLURM."""

from pathlib import Path

import pytest
from project import Project

from .cluster import HURRY, Cluster

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

# Jobs of the cluster; the tables and figures are made where snakemake runs.
SUBMITTED = ("data", "train", "encode", "score")


@pytest.fixture(scope="module")
def project(slurm_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny study, not yet made."""
    return Project.create(tmp_path_factory.mktemp("smoke") / "project")


def test_a_study_is_made_through_sbatch(slurm_cluster: Cluster, project: Project):
    before = set(slurm_cluster.jobs("COMPLETED"))
    planned = project.jobs("tiny")
    project.snakemake("tiny", "--profile", "slurm", *HURRY)
    submitted = set(slurm_cluster.jobs("COMPLETED")) - before
    assert len(submitted) == sum(planned[rule] for rule in SUBMITTED)
    assert _jobs_of_runs(project) <= submitted
    assert (project.folder / "results/studies/tiny/smoke/comparison.csv").stat().st_size > 0
    assert project.jobs("tiny") == {}


def _jobs_of_runs(project: Project) -> set[str]:
    """SLURM jobs that the records of the runs name."""
    records = [project.record("/".join(path.parts[-5:-1])) for path in _records(project)]
    jobs = {str(record["job"]) for record in records if record.get("job")}
    assert jobs, "no run names its job"
    return jobs


def _records(project: Project) -> list[Path]:
    return sorted(project.folder.glob("results/runs/*/*/*/*/run.json"))
