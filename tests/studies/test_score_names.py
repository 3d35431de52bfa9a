"""Names of scores, by what a metric's file says of them."""

import pandas as pd
import pytest

from facsimile.foundation.discover import UnknownName
from facsimile.studies import score_names

STUDIES = (
    "ard_vae",
    "causal_disent_metrics",
    "causalvae",
    "ccgm",
    "ccvae",
    "citris",
    "cl_statmech",
    "cs_ib",
    "dear",
    "diffusion_book",
    "dt",
    "icitris",
    "ignite",
    "kovae",
    "lfa",
    "locatello2019",
    "lsbd",
    "maid",
    "mam",
    "masha",
    "overlap",
    "pfn",
    "posterior_collapse",
    "prog_vi",
    "red_diff",
    "root",
    "svae",
    "vi_fbm",
)


@pytest.mark.parametrize("study", STUDIES)
def test_every_score_of_the_shipped_results_is_known(root, study):
    path = root / "results" / "reference" / study / "desk" / "scores.parquet"
    scores = pd.read_parquet(path, columns=["metric", "score"]).drop_duplicates()
    assert len(scores)
    names = scores["metric"].astype(str) + "." + scores["score"].astype(str)
    assert [name for name in names if not score_names.exists(name)] == []


@pytest.mark.parametrize(
    "score",
    [
        "mig.mig",
        "unified.mutual_information.mig",
        "fairness.unfairness_worst_max",
        "elbo.kl_12",
        "downstream.lr_10000_train",
        "linear_optimum.sigma_0_theory",
        "perceived_distance.x_position_mean",
        "causal_graph.into_0_3_theory",
    ],
)
def test_names_and_patterns_exist(score):
    assert score_names.exists(score)


@pytest.mark.parametrize(
    ("score", "nearest"),
    [
        ("mig.migg", "mig"),
        ("chen_mig.gapp", "gap_{k}"),
        ("dci.disentanglment", "disentanglement"),
        ("unified.mutual_informtion.mig", "mutual_information.mig"),
        ("fairness.unfairness_wrst", "unfairness_worst"),
        ("downstream.lr_eficiency", "lr_efficiency"),
    ],
)
def test_a_misspelt_score_is_named_with_the_nearest(score, nearest):
    with pytest.raises(UnknownName) as raised:
        score_names.check(score)
    assert f"did you mean '{nearest}'?" in str(raised.value)


def test_only_metrics_with_a_closed_form_have_scores_of_it():
    assert score_names.exists("linear_optimum.kl_theory")
    assert not score_names.exists("mig.mig_theory")


def test_a_figure_of_histories_names_what_scores_have_in_common():
    assert score_names.exists("linear_optimum.sigma", series=True)
    assert score_names.exists("causal_graph.into_0", series=True)
    assert not score_names.exists("linear_optimum.sigma")
    assert not score_names.exists("linear_optimum.sigm", series=True)
