"""`snakemake all_papers` at smoke scale, without the first paper, which test_smoke.py makes."""

import pandas as pd
import pytest
from project import PAPERS, Project, copy_of_repository

pytestmark = pytest.mark.slow

FIRST = "locatello2019"
STUDIES = sorted({path.parent.name for path in PAPERS.glob("*/study.yaml")} - {FIRST})


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(copy_of_repository(tmp_path_factory.mktemp("papers") / "project"))
    project.remove_papers(FIRST)
    project.snakemake("all_papers", "--config", "scale=smoke")
    return project


@pytest.mark.parametrize("study", STUDIES)
def test_every_run_is_done_and_measured_and_its_tables_are_there(project, study):
    folder = project.folder / "results/studies" / study / "smoke"
    runs = pd.read_parquet(folder / "runs.parquet")
    scores = pd.read_parquet(folder / "scores.parquet")
    assert set(runs["state"]) == {"done"}
    assert set(scores["run"]) == set(runs["run"])
    assert scores["result"].notna().all()
    assert list(folder.glob("tables/*.md"))
    assert set(pd.read_csv(folder / "comparison.csv")["verdict"]) <= {
        "reproduced",
        "differs",
        "not comparable",
        "no source",
    }


def test_squares_are_exact_and_linear_models_reach_their_optimum(project):
    folder = project.folder / "results/studies"
    squares = pd.read_csv(folder / "overlap/smoke/comparison.csv")
    exact = (
        squares[squares["metric"] == "channel_statistics.mean"]
        .set_index("dataset")
        .loc["xy_squares"]
    )
    assert exact["ours"] == pytest.approx(exact["value"], abs=1e-9)
    linear = pd.read_parquet(folder / "posterior_collapse/smoke/scores.parquet")
    assert linear.loc[linear["score"] == "omega_error", "result"].median() < 1e-3


def test_three_axes_are_relevant_in_gaussian_data_of_rank_3(project):
    scores = pd.read_parquet(project.folder / "results/studies/ard_vae/smoke/scores.parquet")
    axes = scores[(scores["dataset"] == "linear_rank_3") & (scores["score"] == "relevant_axes")]
    assert axes["result"].tolist() == [3] * 4, (
        "10 and 20 latents, counted as the code does and as the text says"
    )


def test_nothing_is_left_to_do(project):
    assert project.jobs("all_papers", "--config", "scale=smoke") == {}
