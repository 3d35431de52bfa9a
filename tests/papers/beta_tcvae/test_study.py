"""Published numbers that check each other, figures of known scores, and the claim's statistic."""

import json

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from project import PAPERS

from facsimile import figures
from facsimile.comparison import claims, judge, published
from facsimile.foundation import canonical
from facsimile.presentation.context import Context, PublishedNumbers
from facsimile.presentation.select import with_names
from facsimile.presentation.spec import Spec
from facsimile.studies import reading, runs

FOLDER = PAPERS / "beta_tcvae"
MIG, TC = "chen_mig.chen_mig", "elbo_decomposition.tc"
TC_VAE, BETA_VAE = "β-TCVAE, miniature", "β-VAE, miniature"


@pytest.fixture(scope="module")
def study(root):
    return reading.load(FOLDER / "study.yaml")


@pytest.fixture(scope="module")
def numbers(study):
    return published.read(FOLDER / "published.csv", Context.of(study, "desk"))


@pytest.fixture(scope="module")
def context(study, numbers):
    authors = {}
    for number in reversed(numbers):
        if number.how != published.PEER:
            authors[number.quantity] = number.value
    context = Context.of(study, "desk")
    return Context(context.design, context.scale, PublishedNumbers(authors, {}))


@pytest.fixture(scope="module")
def scores(study):
    """Made-up scores of all runs of the desk scale: TC = 4/β, MIG = 0.5 − TC/10, and noise."""
    rng = np.random.default_rng(0)
    rows = []
    for run in runs.expand(study, "desk"):
        if run.control:
            continue
        strength = run.params["beta"]
        correlation = 4 / strength + 0.05 * rng.normal()
        gap = 0.5 - correlation / 10 + 0.3 * (run.model == "chen_tc_vae")
        gap += 0.01 * rng.normal()
        identity = {
            "run": run.key,
            "dataset": run.dataset,
            "model": run.model,
            "label": run.label,
            "params": canonical.dumps(run.params),
            "value": run.value,
            "seed": run.seed,
            "control": False,
            "variation": "",
        }
        for name, result in ((TC, correlation), (MIG, gap)):
            metric, _, score = name.partition(".")
            rows.append(identity | {"metric": metric, "score": score, "result": result})
    return pd.DataFrame(rows)


def points(numbers, dataset, model):
    """The published points [10, 2] of a method, and the printed correlation."""
    values = {MIG: {}, TC: {}}
    printed = []
    for number in numbers:
        quantity = number.quantity
        if (quantity.dataset, quantity.model) != (dataset, model):
            continue
        if quantity.statistic == "pearson":
            printed.append(number.value)
        elif quantity.artefact == "mig_against_tc":
            values[quantity.metric][json.loads(quantity.params)["beta"]] = number.value
    assert sorted(values[MIG]) == sorted(values[TC]) == list(range(1, 11))
    both = [[values[TC][k], values[MIG][k]] for k in range(1, 11)]
    return np.array(both), printed


@pytest.mark.parametrize("dataset", ["dsprites", "3D Faces"])
@pytest.mark.parametrize("method", ["β-VAE", "β-TCVAE"])
@pytest.mark.parametrize("variant", ["sampled KL", "closed-form KL"])
def test_the_published_points_have_the_printed_correlation(numbers, dataset, method, variant):
    both, [printed] = points(numbers, dataset, f"{method}, {variant}")
    assert np.corrcoef(both.T)[0, 1] == pytest.approx(printed, abs=0.006)


def test_smallest_circles_of_both_methods_nearly_coincide(numbers):
    """As they must if they are β = 1, where both objectives are the same."""
    first, _ = points(numbers, "dsprites", "β-VAE, sampled KL")
    second, _ = points(numbers, "dsprites", "β-TCVAE, sampled KL")
    difference = np.abs(first[0] - second[0])
    assert difference.tolist() == pytest.approx([0.03, 0.0116], abs=0.001)


def test_boxes_are_in_order(numbers):
    order = ["lower whisker", "lower quartile", "median", "upper quartile", "upper whisker"]
    boxes = {}
    for number in numbers:
        quantity = number.quantity
        if quantity.statistic in order:
            key = (quantity.dataset, quantity.model, quantity.params, number.source)
            boxes.setdefault(key, {})[quantity.statistic] = number.value
    assert len(boxes) == 19  # 12 boxes, 7 of them of a name with two variants
    for box in boxes.values():
        values = [box[name] for name in order]
        assert values == sorted(values)


def spec_of(study, name):
    return Spec.of(name, study.figures[name])


def test_the_figure_shows_published_points_beside_ours(study, scores, context):
    drawn = figures.draw("mean_against_mean", scores, spec_of(study, "mig_against_tc"), context)
    data = drawn.data
    assert data["panel"].value_counts().to_dict() == {
        "published: dSprites": 20,
        "published: 3D Faces": 20,
        "ours: Mini-dSprites": 10,
    }
    ours = data[(data["model"] == TC_VAE) & (data["value"] == 4)].iloc[0]
    assert ours["x"] == pytest.approx(1, abs=0.1)
    assert ours["x_low"] < ours["x"] < ours["x_high"]
    assert ours["n"] == 2
    texts = "\n".join(text.get_text() for text in drawn.figure.findobj(mpl.text.Text))
    assert "β-TCVAE, r = -0.95" in texts
    assert f"{TC_VAE}, r = -1.00, n = 10" in texts or f"{TC_VAE}, r = -0.99, n = 10" in texts


def test_the_boxes_are_those_published_and_ours(study, scores, context):
    drawn = figures.draw("box_plots", scores, spec_of(study, "mig_distribution"), context)
    data = drawn.data.set_index(["panel", "label"])
    assert data.loc[("published: dSprites", "β-VAE β = 1"), "median"] == 0.1469
    assert data.loc[("published: dSprites", "InfoGAN"), "upper whisker"] == 0.1205
    chosen = (scores["label"] == TC_VAE) & (scores["score"] == "chen_mig")
    results = scores.loc[chosen, "result"]
    assert data.loc[("ours: Mini-dSprites", TC_VAE), "median"] == pytest.approx(results.median())
    assert data.loc[("ours: Mini-dSprites", TC_VAE), "n"] == 10


def test_the_comparison_has_the_correlation_of_means_with_an_interval(study, scores, context):
    spec = spec_of(study, "mig_against_tc")
    table = judge.compare(scores, [], [spec], context)
    rows = table[table["statistic"] == "pearson"].set_index(["dataset", "model"])
    ours = rows.loc[("mini_dsprites", TC_VAE)]
    assert ours["metric"] == f"{MIG} ~ {TC}"
    assert -1 < ours["low"] < ours["ours"] < ours["high"] < -0.9
    assert ours["n"] == 10


def test_what_is_not_made_says_why(study, scores, context, numbers):
    table = judge.compare(scores, numbers, [], context)
    assert len(table) == 153 + 126  # 126 of the numbers are of a name with two variants
    assert set(table["verdict"]) == {"not comparable"}
    for name, column in (("3D Faces", "dataset"), ("InfoGAN", "model")):
        reasons = set(table.loc[table[column] == name, "reason"])
        assert reasons <= set(study.not_made.values())


def test_claims_on_the_miniature_are_judged_and_those_on_dsprites_are_not(study, scores, context):
    table = claims.table(study, scores, context, "").set_index("claim")
    assert table.loc["tc_and_mig_beta_tcvae", "verdict"] == "not comparable"
    assert "0 of 1 data sets" in table.loc["tc_and_mig_beta_tcvae", "reason"]
    for name in ("miniature_tc_and_mig_beta_tcvae", "miniature_better_than_beta_vae"):
        assert table.loc[name, "verdict"] == "holds", table.loc[name, "reason"]
    assert table.loc["miniature_tc_and_mig_beta_tcvae", "value"] == pytest.approx(-1, abs=0.05)
    assert table.loc["miniature_tc_and_mig_beta_tcvae", "n"] == 10
    assert table.loc["miniature_better_than_beta_vae", "n"] == 20
    # No score of mutual information was made up.
    assert "no such scores" in table.loc["miniature_information_is_kept", "reason"]


def test_a_claim_that_does_not_hold_says_so(study, scores, context):
    wrong = scores.assign(result=scores["result"].where(scores["score"] == "tc", -scores["result"]))
    table = claims.table(study, wrong, context, "").set_index("claim")
    assert table.loc["miniature_tc_and_mig_beta_tcvae", "verdict"] == "does not hold"


def test_other_scales_of_the_miniature_are_departures(study, scores):
    table = claims.table(study, scores, Context.of(study, "smoke"), "").set_index("claim")
    reason = table.loc["miniature_tc_and_mig_beta_tcvae", "reason"]
    assert "8 of 2,000 steps" in reason


def test_runs_are_resampled_within_their_cells(study, scores, context):
    """Cells whose runs are all alike leave no interval."""
    named = with_names(scores)
    means = named.groupby(["label", "value", "name"])["result"].transform("mean")
    constant = scores.assign(result=means)
    table = claims.table(study, constant, context, "").set_index("claim")
    assert np.isnan(table.loc["miniature_tc_and_mig_beta_vae", "low"])
