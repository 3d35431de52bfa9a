"""Scores on one data set against another: which settings are shown, and their medians."""

import pytest
import synthetic

from facsimile.papers.locatello2019.figures import dataset_scatter

BOTH = ("dsprites", "cars3d")


def scored():
    runs = synthetic.runs(3, (0, 2), BOTH)
    scores = synthetic.scores(runs)
    return scores[~scores["control"].astype(bool) & (scores["metric"] == "mig")]


def named(scores):
    return scores.assign(method=scores["model"])


def test_a_point_is_the_median_of_a_setting_on_both_data_sets():
    scores = scored()
    table = dataset_scatter.points(named(scores), *BOTH, "mig.mig")
    assert len(table) == 6 * 2
    chosen = table[(table["model"] == "beta_vae") & (table["params"] == '{"beta":1}')].iloc[0]
    is_setting = (scores["model"] == "beta_vae") & (scores["params"] == '{"beta":1}')
    for side, dataset in zip("xy", BOTH, strict=True):
        own = scores[is_setting & (scores["dataset"] == dataset)]["result"]
        assert chosen[side] == pytest.approx(own.median())
        assert chosen[f"n_{side}"] == 3


def test_a_setting_of_one_data_set_alone_is_left_out():
    scores = scored()
    is_only_here = (scores["dataset"] == "cars3d") & (scores["model"] == "factor_vae")
    table = dataset_scatter.points(named(scores[~is_only_here]), *BOTH, "mig.mig")
    assert "factor_vae" not in set(table["model"])
    assert len(table) == 5 * 2
