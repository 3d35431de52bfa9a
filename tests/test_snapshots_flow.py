"""A study with snapshots by the real snakemake: scores along training, nothing done twice, moved elsewhere and made again."""

import pandas as pd
import pytest
from project import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = Project.create(tmp_path_factory.mktemp("snapshots") / "project")
    made.edit("adam: {lr: 0.0001}}", "adam: {lr: 0.0001}, snapshots: {every: 4, metrics: {modularity: 8}}}")
    made.edit("sweep: {beta: [1, 4]}", "sweep: {beta: [4]}")
    made.edit("fig1: {kind: violin, title: Violins}", "fig1: {kind: by_label, title: Best, metrics: [mig.mig@best, mig.mig]}")
    made.snakemake("tiny")
    return made


@pytest.fixture(scope="module")
def scores(project):
    return pd.read_parquet(project.folder / "results/studies/tiny/smoke/scores.parquet")


def test_every_state_is_scored_under_its_runs_name(project, scores):
    runs = pd.read_parquet(project.folder / "results/studies/tiny/smoke/runs.parquet")
    assert len(project.weights()) == 2 * 3 + 2  # two runs with two snapshots each; two controls have empty weights
    assert len(runs) == 4
    assert set(scores["run"]) == set(runs["run"])
    trained = scores[~scores["control"]]
    states = trained.groupby("metric")["variation"].agg(lambda found: sorted(set(found)))
    assert states["mig"] == ["", "best", "step_12", "step_4", "step_8"]
    assert states["modularity"] == ["", "best", "step_12", "step_8"]
    mig = trained[trained["metric"] == "mig"].set_index(["run", "variation"])["result"]
    for run in set(trained["run"]):
        assert mig[run, "best"] == max(mig[run, f"step_{step}"] for step in (4, 8, 12))
        assert mig[run, ""] == mig[run, "step_12"]


def test_nothing_is_left_to_do_and_a_forgotten_snapshot_is_made_alone(project):
    assert project.jobs("tiny") == {}
    assert "snapshots: 4 of 4" in project.facsimile("status", "tiny")
    before = project.weights()
    key = next(key for key in before if project.record(key).get("steps") == 8)
    project.facsimile("forget", key)
    assert project.jobs("tiny")["train"] == 1
    project.snakemake("tiny")
    after = project.weights()
    assert {name for name in before if before[name] != after.get(name)} == {key}
    assert "snapshot_of" not in project.record(key)


def test_scored_elsewhere_it_is_here_without_training(project, tmp_path_factory):
    there = Project.create(tmp_path_factory.mktemp("adopted") / "project")
    there.study_file.write_text(project.study_file.read_text())
    bundle = there.folder / "tiny.tar"
    project.facsimile("export", "tiny", "--to", str(bundle))
    assert "8 runs adopted" in there.facsimile("adopt", str(bundle))
    assert "train" not in there.jobs("tiny_fig1")
