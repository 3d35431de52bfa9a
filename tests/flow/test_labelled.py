"""Models that appear several times in one study, told apart by labels and data sets."""

import numpy as np
import pandas as pd
import pytest
from project import PAPERS, write_study

from facsimile import figures
from facsimile.claims.dataset_trend import DatasetTrend
from facsimile.claims.model_gap import ModelGap
from facsimile.comparison import claims, judge
from facsimile.comparison.published import Published
from facsimile.foundation.file_errors import FileError
from facsimile.presentation.context import Context
from facsimile.presentation.select import methods, select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics.estimates import Estimate
from facsimile.studies import evaluations, reading, runs

STUDY = """\
id: tiny
title: Squares
authors: nobody
year: 2026
venue: none
datasets: [xy_squares, xy_squares_1, xy_squares_8]
seeds: 3
control_seeds: 0
training: {steps: 12, batch_size: 8, latents: 9, network: disent, adam: {lr: 0.001}\
, snapshots: {every: 4, metrics: {dci: 8}}}
models:
  - {name: no_model, datasets: [xy_squares], seeds: 1}
  - name: beta_vae_mse
    label: near and far
    datasets: [xy_squares_1, xy_squares_8]
    sweep: {beta: [1, 2]}
  - name: beta_vae_mse
    label: wide
    datasets: [xy_squares_8]
    training: {latents: 25}
    sweep: {beta: [4]}
metrics: [channel_statistics, mig, dci]
evaluation: {train: 400, test: 0, seed: 0, convention: dlib}
points: {mig: {train: 100, test: 50}}
tables: {}
figures:
  fig: {kind: by_dataset, title: Near and far, models: [near and far], metrics: [mig.mig@best]}
scales:
  paper: {description: all}
  smoke:
    description: less
    seeds: 2
    models: {near and far: {sweep: {beta: [1]}}}
    points: {dci: {train: 60, test: 30}}
"""


@pytest.fixture
def write(tmp_path):
    def make(old="", new=""):
        assert old in STUDY
        return write_study(tmp_path, STUDY.replace(old, new) if old else STUDY)

    return make


@pytest.fixture
def study(write):
    return reading.load(write())


def test_each_model_is_run_on_its_own_data_sets_with_its_own_latents_and_seeds(study):
    expanded = runs.expand(study, "paper")
    counted = (
        pd.DataFrame([(r.dataset, r.label or r.model) for r in expanded]).value_counts().to_dict()
    )
    assert counted == {
        ("xy_squares", "no_model"): 1,
        ("xy_squares_1", "near and far"): 6,
        ("xy_squares_8", "near and far"): 6,
        ("xy_squares_8", "wide"): 3,
    }
    assert {r.statement["training"]["latents"] for r in expanded if r.label == "wide"} == {25}
    assert Context.of(study, "paper").design.published_runs == len(expanded) == 16


def test_what_is_not_trained_states_no_training_and_has_no_snapshots(study):
    first, *trained = runs.expand(study, "paper")
    assert first.statement == {"model": "no_model", "params": {}}
    assert first.snapshot_runs == ()
    assert all([part.steps for part in run.snapshot_runs] == [8, 4] for run in trained)
    assert all("snapshots" not in run.statement["training"] for run in trained)


def test_a_scale_may_change_the_cells_of_one_label(study):
    cells = {(run.label, run.params["beta"]) for run in runs.expand(study, "smoke") if run.label}
    assert cells == {("near and far", 1), ("wide", 4)}


def test_a_metric_has_the_studys_points_or_the_scales(study):
    sizes = {
        (scale, m): evaluations.evaluation(study, scale, m).train
        for scale in ("paper", "smoke")
        for m in study.metrics
    }
    assert sizes == {
        ("paper", "channel_statistics"): 400,
        ("paper", "mig"): 100,
        ("paper", "dci"): 400,
        ("smoke", "channel_statistics"): 400,
        ("smoke", "mig"): 100,
        ("smoke", "dci"): 60,
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("models: [near and far]", "models: [near and fr]", "did you mean 'near and far'"),
        ("models: {near and far:", "models: {near:", "no model of tiny 'near'"),
        (
            "datasets: [xy_squares], seeds",
            "datasets: [xy_square], seeds",
            "did you mean 'xy_squares'",
        ),
        ("mig.mig@best", "mig.mig@bset", "did you mean 'best'"),
        (", snapshots: {every: 4, metrics: {dci: 8}}", "", "no variation of tiny 'best'"),
        ("metrics: {dci: 8}", "metrics: {dcy: 8}", "did you mean 'dci'"),
        ("metrics: {dci: 8}", "metrics: {dci: 6}", "dci: 6 is no multiple of the 4 steps"),
        (
            "points: {mig:",
            "variations: {best: {metrics: [mig]}}\npoints: {mig:",
            "'best' is a name of snapshots' scores",
        ),
        (
            "label: wide",
            "label: factor_vae",
            "'factor_vae' is already the name or label of a model",
        ),
        ("label: wide", "label: oracle", "'oracle' is already the name or label of a model"),
    ],
)
def test_what_does_not_fit_is_named(write, old, new, message):
    with pytest.raises(FileError, match=message):
        reading.load(write(old, new))


def scores(values):
    """Rows of (data set, label, beta, seed, MIG)."""
    rows = [
        {
            "run": f"{dataset}/{label}/{beta}/{seed}",
            "dataset": dataset,
            "model": "beta_vae_mse",
            "label": label,
            "params": f'{{"beta":{beta},"pixel_std":0.5}}',
            "value": float(beta),
            "value_index": beta,
            "seed": seed,
            "control": False,
            "metric": "mig",
            "score": "mig",
            "variation": "best",
            "result": result,
            "step": 8,
        }
        for dataset, label, beta, seed, result in values
    ]
    named = pd.DataFrame(rows).assign(name="mig.mig@best")
    return named.assign(method=methods(named)) if rows else named


FAR, NEAR = "xy_squares_8", "xy_squares_1"
SEEDS = range(4)


@pytest.fixture
def four(study):
    near = [
        (NEAR, "near and far", beta, s, 0.5 + beta / 10 + s / 100) for beta in (1, 2) for s in SEEDS
    ]
    far = [
        (FAR, "near and far", beta, s, 0.1 + beta / 10 + s / 100) for beta in (1, 2) for s in SEEDS
    ]
    return scores([*near, *far, *[(FAR, "wide", 4, s, 0.9) for s in SEEDS]])


def spec(study, **changes):
    return Spec.of("fig", study.figures["fig"].model_copy(update=changes))


def test_an_artefact_shows_the_labels_that_it_names(study, four):
    scores, names = select(four, spec(study), Context.of(study, "paper"))
    assert set(scores["label"]) == {"near and far"}
    assert names == ["mig.mig@best"]


def test_lines_run_through_medians_along_data_sets_in_the_specs_order(study, four):
    drawn = figures.draw(
        "by_dataset", four, spec(study, datasets=[NEAR, FAR]), Context.of(study, "paper")
    )
    [axes] = drawn.figure.axes
    lines = {
        tuple(np.round(line.get_ydata(), 6)) for line in axes.lines if line.get_linestyle() == "-"
    }
    assert lines == {(0.615, 0.215), (0.715, 0.315)}
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "XYSquares\n(spacing 1)",
        "XYSquares\n(spacing 8)",
    ]
    assert [text.get_text() for text in drawn.figure.legends[0].get_texts()] == [
        "near and far, β = 1",
        "near and far, β = 2",
    ]
    assert drawn.data["step"].eq(8).all()
    assert len(drawn.data) == 16


def test_a_violin_pools_a_labels_hyper_parameters_and_seeds(study, four):
    shown = spec(study, kind="by_label", models=["near and far", "wide"], datasets=[FAR])
    drawn = figures.draw("by_label", four, shown, Context.of(study, "paper"))
    [axes] = drawn.figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["near and far", "wide"]
    assert sorted(text.get_text() for text in axes.texts) == ["n = 4", "n = 8"]
    assert drawn.data.groupby("label").size().to_dict() == {"near and far": 8, "wide": 4}


def test_a_trend_is_a_rank_correlation_with_the_place_of_the_data_set(four):
    finding = DatasetTrend("mig.mig@best", ("near and far",)).compute(four, [NEAR, FAR])
    # Eight runs on each, every near one above every far one, n = 16:
    # ρ = −√(3/4 · n² / (n² − 1)).
    assert finding.estimate.value == pytest.approx(-0.867722, abs=1e-6)
    assert finding.estimate.high < 0
    assert finding.estimate.n == 16
    turned = DatasetTrend("mig.mig@best", ("near and far",)).compute(four, [FAR, NEAR])
    assert turned.estimate.value == pytest.approx(0.867722, abs=1e-6)
    [lacking] = DatasetTrend("mig.mig@best", ("wide",)).compute(four, [NEAR, FAR]).missing[:1]
    assert "no such scores: MIG (best) (XYSquares (spacing 1))" in lacking


def test_a_gap_is_a_difference_of_means(four):
    finding = ModelGap("mig.mig@best", ("wide",), ("near and far",)).compute(four, [FAR])
    assert finding.estimate.value == pytest.approx(0.9 - 0.265)
    assert finding.estimate.low > 0.55
    assert finding.estimate.n == 12
    assert finding.missing == ()
    assert ModelGap("mig.mig@best", ("wide",), ("nobody",)).compute(four, [FAR]).missing


def test_numbers_of_data_sets_are_compared_at_a_scale_that_trains_less(study, write):
    context = Context.of(
        reading.load(write("    seeds: 2\n", "    seeds: 2\n    training: {steps: 6}\n")), "smoke"
    )
    assert context.design.untrained == ("no_model",)
    for model, verdict in (("no_model", "reproduced"), ("beta_vae_mse", "not comparable")):
        of = Quantity("fig", "xy_squares", model, "", "channel_statistics.mean", "mean")
        number = Published(of, 0.5, np.nan, 0.0005, "a table", "printed")
        assert judge.judge(of, number, Estimate(0.5, np.nan, np.nan, 1), context).verdict == verdict


def test_the_papers_claims_are_about_what_its_study_trains():
    overlap = reading.load(PAPERS / "overlap" / "study.yaml")
    called = {model.label for model in overlap.models}
    for claim in overlap.claims.values():
        for key in claim.parameters:
            if key.endswith("models"):
                assert set(claim.words(key)) <= called
    columns = [
        "dataset",
        "model",
        "label",
        "metric",
        "score",
        "variation",
        "result",
        "run",
        "control",
    ]
    nothing = scores([]).reindex(columns=columns).astype({"control": bool})
    table = claims.table(overlap, nothing, Context.of(overlap, "paper"), "")
    assert set(table["verdict"]) == {"not comparable"}
