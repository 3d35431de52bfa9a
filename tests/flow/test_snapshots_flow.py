"""A study with snapshots made by snakemake: scores along training, nothing twice, and moved."""

import pandas as pd
import pytest
from project import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project.create(tmp_path_factory.mktemp("snapshots") / "project")
    project.edit("seeds: 2", "seeds: 1\ncontrol_seeds: 0")
    project.edit(
        "adam: {lr: 0.0001}}",
        "adam: {lr: 0.0001}, snapshots: {every: 4, metrics: {modularity: 8}}}",
    )
    project.edit(
        "fig1: {kind: violin, title: Violins}",
        "fig1: {kind: by_label, title: Best, metrics: [mig.mig@best, mig.mig]}",
    )
    project.snakemake("tiny")
    return project


def test_every_state_is_scored_under_its_runs_name(project):
    folder = project.folder / "results/studies/tiny/smoke"
    runs, scores = (pd.read_parquet(folder / f"{name}.parquet") for name in ("runs", "scores"))
    assert len(project.weights()) == 2 * 3  # two runs of two snapshots each
    assert set(scores["run"]) == set(runs["run"])
    assert len(runs) == 2
    states = scores.groupby("metric")["variation"].agg(lambda names: sorted(set(names)))
    assert states["mig"] == ["", "best", "step_12", "step_4", "step_8"]
    assert states["modularity"] == ["", "best", "step_12", "step_8"]
    mig = scores[scores["metric"] == "mig"].set_index(["run", "variation"])["result"]
    for run in runs["run"]:
        assert mig[run, "best"] == max(mig[run, f"step_{step}"] for step in (4, 8, 12))
        assert mig[run, ""] == mig[run, "step_12"]
    assert set(pd.read_csv(folder / "figures/fig1.csv")["metric"]) == {"mig.mig@best", "mig.mig"}


def test_nothing_is_left_to_do_here_and_nothing_to_train_elsewhere(project, tmp_path_factory):
    assert project.jobs("tiny") == {}
    assert "snapshots: 4 of 4" in project.facsimile("status", "tiny")
    there = Project.create(tmp_path_factory.mktemp("adopted") / "project")
    there.study_file.write_text(project.study_file.read_text())
    bundle = there.folder / "tiny.tar"
    project.facsimile("export", "tiny", "--to", str(bundle))
    assert "6 runs adopted" in there.facsimile("adopt", str(bundle))
    assert "train" not in there.jobs("tiny")
