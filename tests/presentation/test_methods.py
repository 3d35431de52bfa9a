"""Labelled variants of one model are methods of their own in every table, figure and claim."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import synthetic

from facsimile import figures, tables
from facsimile.claims.model_selection import ModelSelection
from facsimile.claims.strength_trend import StrengthTrend
from facsimile.claims.variance_explained import VarianceExplained
from facsimile.comparison import our_estimates
from facsimile.comparison.score_index import ScoreIndex
from facsimile.foundation import discover
from facsimile.presentation import select
from facsimile.presentation.spec import Quantity
from facsimile.report import _chosen

SLOW, FAST = LABELS = ("slow", "fast")
BOTH = ("dsprites", "cars3d")
METRICS = ("mig.mig", "sap.sap")
TABLES = discover.names("tables")
# Kinds whose numbers are of no single method.
OF_ALL_RUNS = {
    "three_groups",
    "dataset_correlation",
    "rank_correlation",
    "repeated_evaluation",
    "variance_explained",
}
OF_PAIRS = {"improvement", "seeds_needed"}
# The best, median and worst run of all methods.
OF_RANKS = {"dendrograms", "factor_matrices", "independent_groups"}
# Kinds of scores that this study does not have.
NOT_IN_THIS_STUDY = {
    "against_theory",
    "along_training",
    "bridge_spread",
    "by_number",
    "characteristic_swaps",
    "cut_correlations",
    "cut_pictures",
    "descent_curve",
    "distance_matrix",
    "guidance",
    "identities",
    "impossibility",
    "information_plane",
    "intervention_errors",
    "interventions",
    "learned_graphs",
    "posterior_samples",
    "predictive_density",
    "spectrum",
    "variable_matrices",
}


@pytest.fixture
def runs():
    """Runs of beta_vae under two labels, with the same hyper-parameters and seeds."""
    runs = synthetic.runs(3, (0, 3, 5), BOTH)
    slow = runs[runs["model"] == "beta_vae"].assign(label=SLOW)
    fast = slow.assign(label=FAST, run=slow["run"] + "/fast")
    controls = runs[runs["control"]]
    return pd.concat([slow, fast, controls], ignore_index=True)


@pytest.fixture
def scores(runs):
    """Scores of 0.2 for slow runs and 0.8 for fast ones, give or take 0.02."""
    scores = synthetic.scores(runs)
    scores = scores[scores["metric"].isin(["mig", "sap"])]
    noise = np.random.default_rng(0).uniform(-0.02, 0.02, len(scores))
    levels = scores["label"].map({SLOW: 0.2, FAST: 0.8, "": 0.5})
    return scores.assign(result=levels + noise)


@pytest.fixture
def context():
    _, values = synthetic.SWEEPS["beta_vae"]
    return synthetic.context(
        evaluation=(40, 20),
        datasets=BOTH,
        methods=dict.fromkeys(LABELS, ("beta",)),
        sweeps=dict.fromkeys(LABELS, values),
        labels=dict.fromkeys(LABELS, "beta_vae"),
        metrics=("mig", "sap"),
        history=lambda run: pd.DataFrame({"step": [0, 1], "mig": [0.1, 0.2], "sap": [0.1, 0.2]}),
    )


def spec(kind, **changes):
    fields = {"id": "table1", "datasets": (), "metrics": METRICS}
    return synthetic.spec(kind, **(fields | changes))


def data(kind, runs, scores, context, **changes):
    if kind in TABLES:
        return tables.make(scores, runs, spec(kind, **changes), context).data
    return figures.draw(kind, scores, spec(kind, **changes), context, synthetic.Specimens()).data


def of_slow(data):
    """The rows of the data that are of the label ``slow`` alone."""
    is_slow = pd.Series(False, index=data.index)
    for column in ("model", "label"):
        if column in data:
            is_slow |= data[column].str.contains(SLOW)
    return data[is_slow].reset_index(drop=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted({*TABLES, *discover.names("figures")} - OF_RANKS))
def test_no_number_of_one_label_depends_on_the_scores_of_another(kind, runs, scores, context):
    changed = scores["result"].where(scores["label"] != FAST, 0.6 - scores["result"] / 2)
    before = of_slow(data(kind, runs, scores, context))
    after = of_slow(data(kind, runs, scores.assign(result=changed), context))
    pd.testing.assert_frame_equal(before, after)
    if kind not in OF_ALL_RUNS | OF_PAIRS | NOT_IN_THIS_STUDY:
        assert len(before) > 0, "the kind shows no row of the label"


@pytest.mark.parametrize(("kind", "n"), [("scores", 9), ("cells", 3), ("by_score", 9)])
def test_a_row_is_the_mean_of_its_label(kind, n, runs, scores, context):
    table = tables.make(scores, runs, spec(kind), context)
    means = table.data[table.data["dataset"] == "dsprites"].groupby("model")
    for label, level in ((SLOW, 0.2), (FAST, 0.8)):
        rows = means.get_group(label)
        assert rows["mean"].to_numpy() == pytest.approx(level, abs=0.02)
        assert set(rows["n"]) == {n}
    assert any(row.label.startswith(SLOW) for row in table.rows)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["scores", "cells", "by_score"])
def test_a_table_of_one_label_has_no_row_of_the_other(kind, runs, scores, context):
    table = tables.make(scores, runs, spec(kind, models=(SLOW,)), context)
    assert set(table.data["model"]) == {SLOW, "oracle", "noise"}
    both = tables.make(scores, runs, spec(kind, models=("beta_vae",)), context)
    assert set(both.data["model"]) == {SLOW, FAST, "oracle", "noise"}


def test_labels_are_compared_with_each_other(runs, scores, context):
    better = tables.make(scores, runs, spec("improvement"), context)
    [row] = better.rows
    assert (row.label, row.n) == ("slow over fast", "36")
    assert [entry.value for entry in row.entries] == [0, 0]
    needed = tables.make(scores, runs, spec("seeds_needed"), context)
    assert [row.label for row in needed.rows] == ["slow over fast"] * 2
    assert needed.data["difference"].to_numpy() == pytest.approx(-0.6, abs=0.03)


def test_a_choice_is_among_the_settings_of_all_labels(runs, scores, context):
    table = tables.make(scores, runs, spec("model_selection"), context)
    among_all, slow, fast = table.rows
    assert [row.label for row in table.rows] == ["All methods", SLOW, FAST]
    assert (among_all.n, slow.n, fast.n) == ("36", "18", "18")
    # The best of six settings is a fast one: it beats three slow ones and ties with itself.
    assert among_all.entries[0].value > 3.5 / 6
    trained = select.without_controls(select.with_names(scores))
    claim = ModelSelection(("mig.mig",), same_metric=True, same_dataset=True, model=SLOW)
    assert claim.compute(trained, list(BOTH)).estimate.n == 18


def test_the_label_explains_the_variance(runs, scores, context):
    row = tables.make(scores, runs, spec("variance_explained"), context).rows[0]
    assert row.n == "18"
    assert row.entries[0].value > 0.99
    trained = select.without_controls(select.with_names(scores))
    claim = VarianceExplained(("mig.mig",), more=("objective",))
    assert claim.compute(trained, list(BOTH)).estimate.value > 0.99


def test_a_trend_is_within_labels(scores):
    # In both labels the score rises with the value; pooled, ranks of the two would mix.
    rising = scores.assign(result=scores["result"].round(1) + scores["value"].fillna(0) / 100)
    trained = select.without_controls(select.with_names(rising))
    trend = StrengthTrend("mig.mig").compute(trained, list(BOTH)).estimate
    assert (trend.value, trend.n) == (pytest.approx(1), 36)
    one = StrengthTrend("mig.mig", models=(SLOW,)).compute(trained, list(BOTH)).estimate
    assert (one.value, one.n) == (pytest.approx(1), 18)
    for reversed_models in ((SLOW, FAST), ("beta_vae",)):
        turned = StrengthTrend("mig.mig", reversed_models=reversed_models)
        assert turned.compute(trained, list(BOTH)).estimate.value == pytest.approx(-1)


def test_a_published_number_is_compared_with_its_label(scores, context):
    index = ScoreIndex(scores)
    for label, level in ((SLOW, 0.2), (FAST, 0.8)):
        ours = our_estimates.estimate(
            Quantity("t", "dsprites", label, "", "mig.mig", "mean"), index, context
        )
        assert (ours.value, ours.n) == (pytest.approx(level, abs=0.02), 9)


def test_each_label_gets_decoders_in_the_report(scores, context):
    runs = [choice.run for choice in _chosen.choose(scores, context, 4)]
    assert sum(run.endswith("/fast") for run in runs) == 2


def test_a_model_with_and_without_a_label_is_two_methods(runs, scores, context):
    scores = scores.assign(label=scores["label"].replace(SLOW, ""))
    runs = runs.assign(label=runs["label"].replace(SLOW, ""))
    _, values = synthetic.SWEEPS["beta_vae"]
    design = dataclasses.replace(
        context.design,
        methods={"beta_vae": ("beta",), FAST: ("beta",)},
        sweeps={"beta_vae": values, FAST: values},
        labels={FAST: "beta_vae"},
    )
    mixed = dataclasses.replace(context, design=design)
    table = tables.make(scores, runs, spec("scores", datasets=("dsprites",)), mixed)
    assert [(row.label, row.n) for row in table.rows[:2]] == [("β-VAE", "9"), (FAST, "9")]
    assert table.rows[0].entries[0].value == pytest.approx(0.2, abs=0.02)
    ours = our_estimates.estimate(
        Quantity("t", "dsprites", "beta_vae", "", "mig.mig", "mean"), ScoreIndex(scores), mixed
    )
    assert ours.n == 9
