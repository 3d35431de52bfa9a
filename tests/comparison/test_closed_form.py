"""Exact values in the place of published numbers: tolerance, variants, missing theory, cells."""

import json
import math

import pandas as pd
import pytest
import synthetic

from facsimile.comparison import closed_form, judge
from facsimile.presentation.spec import Spec
from facsimile.studies.parts import ClosedForm
from facsimile.studies.variants import Names, Variant

THEORY = {1: 2.0, 4: 3.0}
SCORES = {"x": 0.004, "x_released": 0.5}  # distance from the theory


def scores(seeds=5, theory=True):
    """Two cells of one method, whose score x is 0.004 above its theory."""
    rows = []
    for beta, exact in THEORY.items():
        values = {name: exact + distance for name, distance in SCORES.items()}
        if theory:
            values |= {"x_theory": exact, "x_released_theory": exact}
        for seed in range(seeds):
            run = {
                "run": f"dsprites/beta_vae/{beta}/{seed}",
                "dataset": "dsprites",
                "model": "beta_vae",
                "params": json.dumps({"beta": beta}),
                "control": False,
                "metric": "mig",
            }
            rows += [run | {"score": name, "result": value} for name, value in values.items()]
    return pd.DataFrame(rows)


def compared(frame, declared, where=(), **about):
    context = synthetic.context("paper", 300_000, (10_000, 5000), **about)
    exact_values = tuple(declared.items())
    spec = Spec("table1", "beside", metrics=("mig.x",), where=where, closed_form=exact_values)
    table = judge.compare(frame, [], [spec], context)
    return table[table["how"] == "closed form"]


def exact(tolerance, **changes):
    return ClosedForm(tolerance=tolerance, reason="why", source="Theorem 1", **changes)


@pytest.mark.parametrize(("tolerance", "verdict"), [(0.005, "reproduced"), (0.003, "differs")])
def test_each_cell_is_judged_by_its_own_theory_and_the_tolerance(tolerance, verdict):
    table = compared(scores(), {"mig.x": exact(tolerance)})
    assert table["value"].tolist() == [2.0, 3.0]
    assert table["params"].map(json.loads).tolist() == [{"beta": 1}, {"beta": 4}]
    assert table["verdict"].tolist() == [verdict] * 2
    assert set(table["source"]) == {f"Theorem 1; tolerance {tolerance:g}: why"}


def test_only_cells_with_the_hyper_parameters_of_where_are_judged():
    table = compared(scores(), {"mig.x": exact(0.005)}, where=(("beta", 4), ("other", 1)))
    assert table["value"].tolist() == [3.0]


def test_a_value_for_all_cells_needs_no_theory():
    table = compared(scores(theory=False), {"mig.x": exact(0.005, value=2)})
    assert table["verdict"].tolist() == ["reproduced", "differs"]


def test_a_cell_without_theory_gets_no_verdict():
    assert compared(scores(theory=False), {"mig.x": exact(1)}).empty


def test_both_variants_are_judged_and_the_nearer_one_is_marked():
    pair = (Variant("mig.x", "paper"), Variant("mig.x_released", "code"))
    names = Names(metric={"mig.both": pair})
    table = compared(scores(), {"mig.both": exact(0.005)}, variants=names)
    assert table["verdict"].tolist() == ["reproduced", "differs"] * 2
    assert table["nearest"].tolist() == ["yes", "no"] * 2
    assert set(table["faithful_to"]) == {"score as in the paper", "score as in the code"}


def test_few_seeds_and_shorter_training_are_not_compared():
    few = compared(scores(seeds=4), {"mig.x": exact(1)})
    assert set(few["reason"]) == {"4 of at least 5 runs"}
    spec = Spec("table1", "beside", closed_form=(("mig.x", exact(1)),))
    table = judge.compare(scores(), [], [spec], synthetic.context())
    judged = table[table["how"] == "closed form"]
    assert set(judged["verdict"]) == {"not comparable"}
    assert set(judged["remedy"]) == {"a scale with the paper's settings"}


def test_one_run_is_enough_if_runs_do_not_depend_on_their_seeds():
    one = compared(scores(seeds=1), {"mig.x": exact(1)}, deterministic=("beta_vae",))
    assert set(one["verdict"]) == {"reproduced"}


def test_the_tolerance_takes_the_place_of_rounding():
    spec = Spec("table1", "beside", closed_form=(("mig.x", exact(0.25)),))
    number, _ = closed_form.numbers(scores(), [spec], synthetic.context())
    assert number.rounding == 0.25
    assert math.isnan(number.spread)


def test_a_negative_tolerance_is_an_error():
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        exact(-1)
