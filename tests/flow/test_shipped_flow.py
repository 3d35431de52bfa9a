"""A study is drawn from shipped scores by the real workflow; nothing is trained or scored."""

import shutil

import pandas as pd
import pytest
from project import ROOT, Project, copy_of_repository

pytestmark = pytest.mark.slow

SETTINGS = ("--config", "scale=desk", "scores=reference")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the repository with the shipped scores of one study."""
    project = Project(copy_of_repository(tmp_path_factory.mktemp("shipped") / "project"))
    shutil.copytree(
        ROOT / "results" / "reference" / "prog_vi",
        project.folder / "results" / "reference" / "prog_vi",
    )
    return project


def test_the_whole_study_is_planned_without_training(project):
    jobs = project.jobs("prog_vi", *SETTINGS)
    assert not {"data", "train", "encode", "score"} & set(jobs)
    assert {"collect", "table", "compare", "summary", "report"} <= set(jobs)


def test_what_is_drawn_equals_what_is_shipped_and_lies_apart(project):
    project.snakemake("prog_vi_table4", "prog_vi_comparison", *SETTINGS)
    results = project.folder / "results"
    redrawn = results / "shipped" / "studies" / "prog_vi" / "desk"
    shipped = results / "reference" / "prog_vi" / "desk"
    assert (redrawn / "comparison.csv").exists()
    pd.testing.assert_frame_equal(
        pd.read_csv(redrawn / "tables" / "table4.csv"), pd.read_csv(shipped / "table4.csv")
    )
    assert not (results / "studies").exists()
    assert not (results / "shipped" / "runs").exists()


def test_a_scale_without_shipped_scores_names_those_with(project):
    output = project.snakemake("prog_vi", *SETTINGS[:1], "scale=paper", SETTINGS[2], check=False)
    [error] = [line for line in output.splitlines() if line.startswith("error: ")]
    assert "no scores are shipped at scale paper; shipped are: prog_vi scale=desk" in error
