"""The smoke scale of the first paper, end to end; `make demo` runs a part of it."""

import numpy as np
import pandas as pd
import pytest
from project import PAPERS, Project, copy_of_repository

from facsimile.studies import reading

pytestmark = pytest.mark.slow

STUDY = "locatello2019"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the repository in which the smoke scale has been made."""
    project = Project(copy_of_repository(tmp_path_factory.mktemp("smoke") / "project"))
    project.snakemake(STUDY, "--config", "scale=smoke")
    return project


@pytest.fixture(scope="module")
def folder(project):
    """The folder of its results."""
    return project.folder / "results" / "studies" / STUDY / "smoke"


def test_every_run_is_done_and_scored_by_every_metric(folder):
    runs = pd.read_parquet(folder / "runs.parquet")
    scores = pd.read_parquet(folder / "scores.parquet")
    assert list(runs["state"].unique()) == ["done"]
    assert (~runs["control"]).sum() == 4
    assert np.isfinite(scores["result"]).all()
    metrics = scores.groupby("run")["metric"].nunique()
    assert set(metrics[~metrics.index.str.contains("oracle|noise")]) == {11}
    assert set(metrics[metrics.index.str.contains("oracle|noise")]) == {
        10
    }  # no decoder, so no bound
    assert set(scores.loc[scores["metric"] != "elbo", "convention"]) == {"dlib-sklearn020"}
    assert set(scores["variation"]) == {"", "sampled", "draw_1", "draw_2", "train_100"}
    assert runs.loc[runs["params"] == '{"beta":16}', "number"].to_list() == [250]


def test_controls_frame_the_models(folder):
    table = pd.read_parquet(folder / "scores.parquet")
    scores = (
        table[table["variation"] == ""]
        .query("metric != 'unified'")
        .set_index(["model", "score"])["result"]
    )
    for score in ("beta_vae_score", "factor_vae_score", "disentanglement", "modularity"):
        assert scores["oracle", score] == pytest.approx(1, abs=0.01)
    for score in ("mig", "disentanglement", "sap"):
        # Not zero: with 120 points, some codes seem to know some factors.
        assert scores["noise", score] < scores["oracle", score] / 5


def test_table_figures_and_comparison_say_what_they_are(folder):
    table = (folder / "tables/table1.md").read_text()
    for text in (
        "smoke scale",
        "6 of 300,000 steps",
        "sub-grid of dSprites",
        "Oracle",
        "AnnealedVAE",
    ):
        assert text in table
    drawn = [path.stem for path in (folder / "figures").glob("*.pdf")]
    study = reading.load(PAPERS / STUDY / "study.yaml")
    assert set(drawn) == set(study.figures_at(study.scales["smoke"]))
    for figure in drawn:
        assert (folder / f"figures/{figure}.pdf").read_bytes()[:5] == b"%PDF-"
        # There are too few points for an efficiency.
        is_empty = figure == "fig6"
        assert (len(pd.read_csv(folder / f"figures/{figure}.csv")) == 0) is is_empty
    comparison = pd.read_csv(folder / "comparison.csv")
    assert set(comparison["verdict"]) <= {"reproduced", "differs", "not comparable", "no source"}
    unsourced = comparison[comparison["verdict"] == "no source"]
    assert unsourced["value"].isna().all()
    assert comparison.loc[comparison["value"].notna(), "source"].notna().all()


def test_nothing_is_left_to_do(project):
    assert project.jobs(STUDY, "--config", "scale=smoke") == {}
    assert "· " in project.facsimile("status", STUDY) or "·" in project.facsimile("status", STUDY)
