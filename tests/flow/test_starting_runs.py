"""Runs that start from other runs, made by snakemake, and what follows if one is forgotten."""

import pytest
from project import Project

pytestmark = pytest.mark.slow

MODEL = "  - {name: beta_vae, sweep: {beta: [1, 4]}}\n"
TWO = """\
  - {name: beta_vae, label: First, fixed: {beta: 1}}
  - {name: beta_vae, label: Second, from: First, fixed: {beta: 4}}
"""


def test_a_study_with_runs_that_start_from_others(tmp_path):
    project = Project.create(tmp_path / "project")
    project.edit(MODEL, TWO)
    assert project.jobs("tiny")["train"] == 2 + 2  # one per model, and the controls
    project.snakemake("tiny")
    assert project.jobs("tiny") == {}

    children = {}
    for key in project.weights():
        parent = project.record(key).get("from")
        if parent is not None:
            children[key] = parent["run"]
    assert sorted(key[-2:] for key in children) == ["/0", "/1"]
    assert all(key[-2:] == parent[-2:] for key, parent in children.items())

    child, parent = next(iter(children.items()))
    assert f"starts    from the weights of {parent}" in project.facsimile("explain", child)
    printed = project.facsimile("forget", parent)
    assert f"{child} started from it and is kept; to make it again, too:" in printed
    assert f"facsimile forget {child}" in printed

    # Only the forgotten run is trained; it has the same weights, so the other stays valid.
    before = project.weights()
    project.snakemake("tiny")
    assert {key for key, inode in project.weights().items() if before.get(key) != inode} == {parent}
    assert "would not be trained again" in project.facsimile("explain", child)
