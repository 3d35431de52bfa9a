"""Claims: statistics with known values, verdicts, and studies where claims hold or do not."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import synthetic
from project import PAPERS

from facsimile.claims import StatisticResult
from facsimile.claims.mean_score import MeanScore
from facsimile.comparison import claims, claims_view
from facsimile.presentation.context import Context
from facsimile.presentation.departures import Departure
from facsimile.statistics.estimates import Estimate
from facsimile.studies import reading
from facsimile.studies.parts import Claim, Rule

HEADLINES = list(synthetic.METRICS)


@pytest.fixture(scope="module")
def study(root):
    return reading.load(PAPERS / "locatello2019" / "study.yaml")


def world(study, quality, others, seeds=3, datasets=None):
    """Scores of the whole study, made up.

    Most metrics measure ``quality``, a number per run; ``others`` gives the scores of other names.
    """
    rng = np.random.default_rng(0)
    runs = synthetic.runs(seeds, range(6), datasets or study.datasets)
    rows = []
    for run in runs[~runs["control"]].to_dict("records"):
        q = quality(run, rng)
        values = {name: q + rng.normal(scale=0.5) for name in HEADLINES}
        values |= others(run, q, rng)
        for name, value in values.items():
            variation = "sampled" if name == "sampled" else ""
            score = {"result": float(value), "variation": variation}
            rows.append(run | _named(name) | score)
    return pd.DataFrame(rows)


def _named(name):
    metric, _, score = (
        "unsupervised.gaussian_total_correlation" if name == "sampled" else name
    ).partition(".")
    return {"metric": metric, "score": score}


def strength(run):
    return -run["value_index"] if run["model"] == "annealed_vae" else run["value_index"]


def as_the_paper_says(study, **changes):
    """Seeds change scores more than objectives; Modularity, ELBO and efficiency are unrelated."""
    effect = {}

    def quality(run, rng):
        setting = (run["model"], run["value_index"])
        return 0.5 * effect.setdefault(setting, rng.normal()) + rng.normal()

    def others(run, q, rng):
        nothing = (
            "modularity.modularity",
            "elbo.elbo",
            "downstream.gbt_efficiency",
            "downstream.lr_efficiency",
        )
        trend = {
            "unsupervised.gaussian_total_correlation": strength(run),
            "sampled": -strength(run),
        }
        return {name: rng.normal() for name in nothing} | {
            name: value + rng.normal() for name, value in trend.items()
        }

    return world(study, quality, others, **changes)


def as_it_does_not(study):
    """The objective decides every score, and regularisation has the opposite effect."""

    def quality(run, rng):
        return 3 * list(synthetic.SWEEPS).index(run["model"]) + 0.2 * rng.normal()

    def others(run, q, rng):
        same = (
            "modularity.modularity",
            "elbo.elbo",
            "downstream.gbt_efficiency",
            "downstream.lr_efficiency",
        )
        trend = strength(run) + rng.normal()
        return dict.fromkeys(same, q) | {
            "unsupervised.gaussian_total_correlation": -trend,
            "sampled": trend,
        }

    return world(study, quality, others)


def verdicts(study, scores, scale="paper"):
    table = claims.table(study, scores, Context.of(study, scale), "nothing")
    return table.set_index("claim")


@pytest.mark.slow
def test_the_papers_claims_hold_if_the_paper_is_right(study):
    table = verdicts(study, as_the_paper_says(study))
    assert table["verdict"].to_dict() == dict.fromkeys(study.claims, "holds"), table[
        "reason"
    ].to_dict()
    assert table.loc["sampled_total_correlation", "value"] < -0.5
    assert (table["n"] == 7 * 36 * 3).all()


@pytest.mark.slow
def test_the_papers_claims_differ_if_the_opposite_is_true(study):
    table = verdicts(study, as_it_does_not(study))
    assert table["verdict"].to_dict() == dict.fromkeys(study.claims, "does not hold"), table[
        "reason"
    ].to_dict()


@pytest.mark.slow
def test_missing_scores_are_reported_and_the_others_are_still_computed(study):
    scores = as_the_paper_says(study, datasets=["dsprites"])
    table = verdicts(study, scores[scores["variation"] == ""])
    assert set(table["verdict"]) == {"not comparable"}
    reasons = table["reason"]
    assert reasons["sampled_total_correlation"].startswith(
        "no such scores: Total correlation (sampled) (dSprites, Color-dSprites"
    )
    assert "needs two data sets: there is dSprites" in reasons["transfer"]
    assert table.loc["mean_total_correlation", "value"] > 0.5
    assert math.isnan(table.loc["transfer", "value"])


def test_a_smaller_scale_is_not_comparable(study):
    scores = as_the_paper_says(study, datasets=["dsprites"])
    table = verdicts(study, scores, "desk")
    assert set(table["verdict"]) == {"not comparable"}
    assert (
        "desk scale: 1 of 7 data sets, 1,000 of 300,000 steps"
        in table.loc["mean_total_correlation", "reason"]
    )
    assert table.loc["mean_total_correlation", "value"] > 0.5
    assert table.loc["transfer", "command"] == (
        "snakemake locatello2019_model_selection locatello2019_claims --config scale=desk"
    )


@pytest.mark.slow
def test_one_seed_cannot_tell_seeds_from_hyper_parameters(study):
    table = verdicts(study, as_the_paper_says(study, seeds=1))
    for name in ("seed_and_hyper_parameter", "transfer"):
        assert table.loc[name, "verdict"] == "not comparable"
    assert "42 of 42 shares are undefined" in table.loc["seed_and_hyper_parameter", "reason"]


def test_seeds_of_a_model_do_not_count_as_further_models():
    rows = []
    for model, value in (("a", 1.0), ("b", 2.0), ("c", 6.0)):
        for seed, noise in enumerate((-0.1, 0.0, 0.1)):
            run = {"run": f"d/{model}/h/{seed}", "dataset": "d", "model": model, "params": "{}"}
            score = {"method": model, "name": "m.s", "result": value + noise}
            rows.append(run | score)
    scores = pd.DataFrame(rows)
    of_runs = MeanScore("m.s", ("a", "b", "c")).compute(scores, ["d"]).estimate
    of_models = MeanScore("m.s", ("a", "b", "c"), per_model=True).compute(scores, ["d"]).estimate
    assert of_runs.value == pytest.approx(of_models.value) == pytest.approx(3)
    assert (of_runs.n, of_models.n) == (9, 3)
    assert (of_models.low, of_models.high) == pytest.approx((1, 6))
    assert of_models.high > of_runs.high + 0.5


def claim(**rule):
    fields = {
        "text": "x",
        "source": "y",
        "statistic": "rank_correlation",
        "parameters": {"metrics": HEADLINES},
    }
    return Claim(**fields, rule=Rule(**rule), target="fig2")


@pytest.mark.parametrize(
    ("rule", "low", "high", "verdict"),
    [
        ({"above": 0}, 0.1, 0.5, "holds"),
        ({"above": 0}, -0.5, -0.1, "does not hold"),
        ({"above": 0}, -0.1, 0.5, "not comparable"),
        ({"below": 0}, -0.5, -0.1, "holds"),
        ({"above": 0.5, "below": 0.7}, 0.55, 0.65, "holds"),
        ({"above": 0.5, "below": 0.7}, 0.72, 0.8, "does not hold"),
        ({"above": 0.5, "below": 0.7}, 0.45, 0.65, "not comparable"),
        ({"above": 0, "by": "value"}, -0.1, 0.5, "holds"),
        ({"above": 0}, math.nan, math.nan, "not comparable"),
    ],
)
def test_the_rule_decides(rule, low, high, verdict):
    middle = 0.2 if math.isnan(low) else (low + high) / 2
    context = synthetic.context(
        "paper", 300_000, (10_000, 5000), ("dsprites", "noisy_dsprites", "cars3d", "shapes3d")
    )
    judged = claims.judge(claim(**rule), StatisticResult(Estimate(middle, low, high, 99)), context)
    assert judged.verdict == verdict
    if low == -0.1 and "by" not in rule:
        assert "undecided" in judged.reason
        assert "holds 0; more runs would tell" in judged.reason


def test_a_claim_is_tested_at_a_smaller_scale_only_if_the_study_says_so():
    finding = StatisticResult(Estimate(0.2, 0.1, 0.3, 9))
    datasets = ("dsprites", "noisy_dsprites", "cars3d", "shapes3d")
    context = synthetic.context("smoke", 200, (10_000, 5000), datasets)
    own_scale = claim(above=0)
    refused = claims.judge(own_scale, finding, context)
    assert (refused.verdict, refused.remedy) == (
        "not comparable",
        "a scale with the paper's settings",
    )
    allowed = claims.judge(own_scale.model_copy(update={"also_at": ["smoke"]}), finding, context)
    assert allowed.verdict == "holds"
    assert allowed.reason.endswith("of 9 runs; smoke scale: 200 of 300,000 steps")
    elsewhere = own_scale.model_copy(update={"also_at": ["desk"]})
    assert claims.judge(elsewhere, finding, context).verdict == "not comparable"


@pytest.mark.parametrize(
    ("departure", "concerns"),
    [
        (Departure("training", "fewer steps", model="beta_vae"), True),
        (Departure("training", "fewer steps", model="factor_vae"), False),
        (Departure("training", "fewer steps"), True),
        (Departure("evaluation", "fewer points", metric="mig"), True),
        (Departure("evaluation", "fewer points", metric="sap"), False),
        (Departure("grid", "sub-grid", dataset="dsprites"), True),
        (Departure("grid", "sub-grid", dataset="cars3d"), False),
    ],
)
def test_a_departure_of_other_models_metrics_and_data_sets_does_not_matter(departure, concerns):
    parameters = {"metric": "mig.mig", "models": ["beta_vae"], "other_models": ["annealed_vae"]}
    changes = {"statistic": "model_gap", "parameters": parameters, "datasets": ["dsprites"]}
    about = claim(above=0).model_copy(update=changes)
    context = synthetic.context("paper", 300_000, (10_000, 5000), departures=(departure,))
    finding = StatisticResult(Estimate(0.2, 0.1, 0.3, 9))
    expected = "not comparable" if concerns else "holds"
    assert claims.judge(about, finding, context).verdict == expected


def test_a_rule_as_text():
    assert claims.rule_text(Rule(above=0)) == "95 % interval above 0"
    assert claims.rule_text(Rule(above=0.5, below=0.7, by="value")) == "value between 0.5 and 0.7"


@pytest.mark.parametrize("rule", [{}, {"above": 1, "below": 1}])
def test_an_empty_rule_is_an_error(rule):
    with pytest.raises(ValueError, match=r"a rule needs|nothing lies"):
        Rule(**rule)


def test_tables_are_printed_with_command_and_cost(study):
    judged = claims.table(
        study,
        as_the_paper_says(study, datasets=["dsprites"]),
        Context.of(study, "paper"),
        "12 core-hours",
    )
    text = claims_view.markdown(judged, "x")
    assert text.count("| **not comparable**[^x-") == len(study.claims)
    assert (
        "snakemake locatello2019_fig2 locatello2019_claims --config scale=paper"
        "    # metrics_agree_in_part, modularity_apart" in text
    )
    assert "Cost of each if nothing has been computed yet: 12 core-hours." in text


def test_the_statistic_of_a_row_can_be_read_back(study):
    judged = claims.table(
        study, as_the_paper_says(study, datasets=["dsprites"]), Context.of(study, "paper"), ""
    )
    kind, _, parameters = judged.set_index("claim").loc["transfer", "statistic"].partition(" ")
    assert kind == "model_selection"
    assert json.loads(parameters) == study.claims["transfer"].parameters


@pytest.fixture(scope="module")
def miniature(study):
    """Claims on scores of two worlds that stand in for the study's data sets, as it says.

    On both worlds together, and on each alone.
    """
    scale = study.scales["miniature"].model_copy(update={"datasets": WORLDS, "points": {}})
    small = study.model_copy(update={"scales": {"miniature": scale}})
    scores = as_the_paper_says(study, datasets=WORLDS, seeds=8)
    context = Context.of(small, "miniature")
    together = claims.table(small, scores, context, "nothing")
    return together, claims.by_dataset(small, scores, context)


WORLDS = ["mini_dsprites", "mini_room"]


@pytest.mark.slow
def test_a_miniature_has_words_of_its_own_beside_a_verdict_that_is_not_comparable(miniature):
    table = miniature[0].set_index("claim")
    assert set(table["in_miniature"]) == {"holds"}
    assert set(table["verdict"]) == {"not comparable"}
    assert table["reason"].str.contains("other data sets than the paper's").all()
    # All runs of both worlds: the claims are about what the miniature has.
    assert set(table["n"]) == {2 * 36 * 8}
    assert table.loc["mean_total_correlation", "miniature_reason"].endswith("of 576 runs")


@pytest.mark.slow
def test_claims_on_each_world_alone(miniature):
    _, table = miniature
    assert list(dict.fromkeys(table["dataset"])) == WORLDS
    words = table.pivot(index="claim", columns="dataset", values="in_miniature")
    assert set(words.loc["sampled_total_correlation"]) == {"holds"}
    # No transfer between data sets where there is one.
    assert set(words.loc["transfer"]) == {"undecided"}
    reasons = table[table["claim"] == "transfer"]["miniature_reason"]
    assert reasons.str.contains("needs two data sets").all()


@pytest.mark.slow
def test_other_scales_have_values_by_data_set_and_no_words(study):
    scores = as_the_paper_says(study, datasets=["dsprites"])
    table = claims.by_dataset(study, scores, Context.of(study, "desk"))
    assert set(table["in_miniature"]) == {""}
    assert table.set_index("claim").loc["mean_total_correlation", "value"] > 0.5
    assert set(verdicts(study, scores, "desk")["in_miniature"]) == {""}


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.1, 0.4, "holds"), (-0.3, -0.1, "does not hold"), (-0.1, 0.2, "undecided")],
)
def test_the_rule_alone_decides_in_a_miniature(low, high, word):
    claim = Claim(
        text="t",
        source="s",
        statistic="strength_trend",
        parameters={"metric": "mig.mig"},
        rule=Rule(above=0),
        target="fig1",
    )
    finding = StatisticResult(Estimate((low + high) / 2, low, high, 30))
    verdict = claims.by_rule_alone(claim, finding)
    assert verdict.verdict == word
    assert "of 30 runs" in verdict.reason
    assert verdict.rule == "95 % interval above 0"


def test_what_is_missing_or_undefined_is_undecided(study):
    claim = study.claims["transfer"]
    missing = StatisticResult(Estimate(0.6, 0.55, 0.65, 30), ("no such scores",))
    undefined = StatisticResult(Estimate(math.nan, math.nan, math.nan, 2))
    assert claims.by_rule_alone(claim, missing)[:2] == ("undecided", "no such scores")
    assert claims.by_rule_alone(claim, undefined)[:2] == ("undecided", "undefined for 2 runs")


@pytest.mark.slow
def test_the_page_shows_words_in_a_column_of_their_own(miniature):
    table, by_dataset = miniature
    text = claims_view.markdown(table, "c")
    assert "| claim | value | rule | in miniature | verdict on the paper |" in text
    assert "| **holds** | **not comparable**" in text
    text = claims_view.markdown_by_dataset(table, by_dataset, "w")
    assert "n = 288" in text
    assert "**undecided**[^w-1]" in text


@pytest.mark.slow
def test_files_of_earlier_versions_have_no_words_and_are_shown_as_before(miniature):
    table = miniature[0].drop(columns="in_miniature")
    assert claims_view.miniature_words(table) == []
    assert "| claim | value | rule | verdict |" in claims_view.markdown(table, "c")
