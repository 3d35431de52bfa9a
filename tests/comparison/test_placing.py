"""The place of a method among others, in scores of which the answer is known."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import synthetic
from project import PAPERS

import facsimile
from facsimile.comparison import placing
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec
from facsimile.studies import reading
from facsimile.studies.parts import Claim, Rule

OWN = "beta_vae"  # the first method of the study
CLAIMS = {
    "rises": Claim(
        text="MIG rises with regularisation.",
        source="ours",
        statistic="strength_trend",
        parameters={"metric": "mig.mig"},
        rule=Rule(above=0),
        target="fig1",
    )
}


@pytest.fixture(scope="module")
def study():
    return reading.load(PAPERS / "locatello2019" / "study.yaml")


@pytest.fixture(scope="module")
def context(study):
    full = Context.of(study, "desk")
    return dataclasses.replace(
        full, scale=dataclasses.replace(full.scale, datasets=("dsprites", "cars3d"))
    )


@pytest.fixture(scope="module")
def runs():
    return synthetic.runs(6, range(6), ["dsprites", "cars3d"])


@pytest.fixture(scope="module")
def scores(runs):
    """MIG of the first method is above all others and falls with its strength; theirs rises."""
    rng = np.random.default_rng(0)
    is_own = runs["model"] == OWN
    strength = runs["value_index"].astype(float).fillna(0)
    result = np.where(is_own, 2 - 0.1 * strength, 0.1 * strength)
    noise = rng.normal(scale=0.05, size=len(runs))
    return runs.assign(metric="mig", score="mig", variation="", result=result + noise)


def test_it_beats_each_of_the_others(scores, runs, context):
    spec = Spec("improvement", "improvement", metrics=("mig.mig",))
    table = placing.over_each(OWN, scores, runs, spec, context)
    others = [method for method in context.design.methods if method != OWN]
    assert list(table.data["second"]) == others
    assert set(table.data["first"]) == {OWN}
    assert (table.data["probability"] == 1).all()
    assert [row.label.partition(" over ")[0] for row in table.rows] == ["β-VAE"] * len(others)


def test_few_seeds_tell_what_is_far_apart_and_data_sets_are_together(scores, runs, context):
    spec = Spec("seeds", "seeds_needed", metrics=("mig.mig",))
    table = placing.over_each(OWN, scores, runs, spec, context)
    assert (table.data["paired"] == 2).all()
    assert [row.block for row in table.rows] == ["dSprites"] * 5 + ["Cars3D"] * 5


def test_alone_there_is_nothing_to_compare_with(scores, runs, context):
    spec = Spec("improvement", "improvement", metrics=("mig.mig",), models=(OWN,))
    with pytest.raises(ValueError, match="stands alone"):
        placing.over_each(OWN, scores, runs, spec, context)


def test_a_claim_holds_for_the_others_and_not_for_it(scores, context):
    table = placing.in_claims(OWN, CLAIMS, scores, context)
    [place] = placing.claim_places(OWN, table)
    assert place.others["finding"] == "holds"
    assert place.alone["finding"] == "does not hold"
    assert place.others["n"] + place.alone["n"] == place.together["n"] == 2 * 36 * 6
    # Its trend is the lowest of six methods.
    assert (place.rank, place.ranked) == (6, 6)


def test_a_claim_about_what_one_method_cannot_show_has_no_place(scores, context):
    objective = CLAIMS["rises"].model_copy(
        update={"parameters": {"metric": "mig.mig", "models": ["factor_vae"]}}
    )
    table = placing.in_claims(OWN, {"other": objective}, scores, context)
    [place] = placing.claim_places(OWN, table)
    assert place.alone["finding"] == "undecided"
    assert place.rank == 0
    assert place.ranked == 1


@pytest.mark.slow
def test_every_claim_of_a_study_has_a_finding_or_a_reason(study, scores, context):
    table = placing.in_claims(OWN, study.claims, scores, context)
    assert list(dict.fromkeys(table["claim"])) == list(study.claims)
    undecided = table[table["finding"] == "undecided"]
    assert (undecided["reason"] != "").all()


def test_latents_of_ones_own_are_placed_in_the_same_way(scores, runs, context):
    factors = np.indices((6, 7, 8)).reshape(3, -1).T
    table = facsimile.score(factors.astype(float), factors, metrics=["mig"])
    own = placing.scores_of_latents(table, "mine", "dsprites")
    spec = Spec("improvement", "improvement", metrics=("mig.mig",), datasets=("dsprites",))
    placed = placing.over_each(
        "mine",
        pd.concat([own, scores], ignore_index=True),
        runs,
        spec,
        placing.with_method(context, "mine"),
    )
    # A perfect code has a MIG above 0.8: more than five methods have, and less than the first.
    better = placed.data.set_index("second")["probability"]
    assert better.pop("beta_vae") == 0
    assert (better == 1).all()
    assert set(placed.data["n"]) == {1 + 6 * 6}
