"""The place of a score among the scores that come with Facsimile."""

import tomllib

import numpy as np
import pandas as pd
import pytest

from facsimile.scoring import baselines


@pytest.fixture(scope="module")
def shipped():
    return baselines.shipped("dsprites")


def scored(value, **changes):
    """A table of one score, with the settings of the studies."""
    setting = {
        "metric": "mig",
        "score": "mig",
        "convention": "dlib-sklearn020",
        "n_train": 10_000,
        "n_test": 5_000,
    }
    return pd.DataFrame([setting | {"value": value} | changes])


def test_a_shipped_run_is_placed_at_its_rank(shipped, root):
    scores = pd.read_parquet(root / "results/reference/locatello2019/desk/scores.parquet")
    is_mig = (scores["metric"] == "mig") & (scores["variation"] == "")
    results = np.sort(scores.loc[is_mig & ~scores["control"], "result"])
    assert len(results) == 18
    [place] = baselines.placed(scored(results[11]), shipped).to_dict("records")
    assert (place["baselines"], place["higher_than"]) == (18, 11)
    assert (place["lowest"], place["highest"]) == (results[0], results[-1])
    assert place["noise"] < place["lowest"] < place["median"] < place["highest"] < place["oracle"]


@pytest.mark.parametrize(
    "changes", [{"n_train": 1000}, {"convention": "exact"}, {"metric": "irs", "score": "irs"}]
)
def test_scores_of_another_setting_are_no_baselines(shipped, changes):
    [place] = baselines.placed(scored(0.1, **changes), shipped).to_dict("records")
    assert place["baselines"] == 0
    assert pd.isna(place["higher_than"])
    assert baselines.sources(scored(0.1, **changes), shipped) == ""


def test_a_score_without_a_value_has_baselines_and_no_place(shipped):
    [place] = baselines.placed(scored(np.nan), shipped).to_dict("records")
    assert place["baselines"] == 18
    assert pd.isna(place["higher_than"])


def test_the_models_are_named_with_their_steps(shipped):
    assert baselines.sources(scored(0.1), shipped) == (
        "18 models of locatello2019 at scale desk, trained for 1,000 steps each"
    )


def test_runs_on_a_subgrid_are_no_baselines(shipped):
    """ard_vae's desk scale uses every fourth position: its MIG is of other points."""
    assert "ard_vae" not in set(shipped["study"])
    assert set(shipped["variation"]) == {""}


def test_a_data_set_without_shipped_scores_has_none():
    table = baselines.placed(scored(0.1), baselines.shipped("toy"))
    assert table["baselines"].tolist() == [0]


def test_the_wheel_contains_all_shipped_scores(root):
    """An installed package has them where ``shipped.roots`` looks."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    data_files = project["tool"]["setuptools"]["data-files"]
    folders = {path.parent for path in root.glob("results/reference/*/*/scores.parquet")}
    expected = {}
    for folder in folders:
        place = folder.relative_to(root / "results")
        source = folder.relative_to(root)
        expected[f"share/facsimile/{place}"] = [
            f"{source}/runs.parquet",
            f"{source}/scores.parquet",
        ]
    assert {key: value for key, value in data_files.items() if "/reference/" in key} == expected
