"""Tables of statistics, on scores whose statistics are known.

Variance explained, model selection, improvement and seeds needed.
"""

import numpy as np
import pandas as pd
import pytest
import synthetic

from facsimile import tables

KINDS = ("variance_explained", "model_selection", "improvement", "seeds_needed")
TWO = ("dsprites", "cars3d")
METRICS = ("mig.mig", "sap.sap")


def make(kind, scores, datasets=("dsprites",), metrics=METRICS):
    spec = synthetic.spec(kind, id="table2", title="A table", datasets=(), metrics=metrics)
    return tables.make(scores, pd.DataFrame(), spec, synthetic.context(datasets=datasets))


def planted(result, datasets=("dsprites",), seeds=4, values=(0, 3, 5)):
    """Scores MIG and SAP of a whole study: ``result`` of each run's row.

    Controls score 9, which must not count.
    """
    scores = synthetic.scores(synthetic.runs(seeds, values, datasets))
    scores = scores[scores["metric"].isin(["mig", "sap"])]
    trained = [9.0 if row["control"] else result(row) for row in scores.to_dict("records")]
    return scores.assign(result=np.array(trained, dtype=float))


def rank(row):
    return list(synthetic.SWEEPS).index(row["model"])


def test_variance_is_the_objectives_where_nothing_else_moves_a_score():
    row = make("variance_explained", planted(rank)).rows[0]
    assert (row.label, row.n) == ("MIG", "72")
    assert [entry.value for entry in row.entries] == pytest.approx([1, 1, 1, 0, 0])


def test_shares_are_told_apart_and_lie_in_their_intervals():
    rng = np.random.default_rng(0)
    scores = planted(
        lambda row: row["value_index"] + rng.normal(scale=2), seeds=10, values=range(6)
    )
    parts = ("r", "rr", "objective", "hyper_parameter", "seed")
    entries = make("variance_explained", scores).rows[0].entries
    share = dict(zip(parts, entries, strict=True))
    truth = {"objective": 0, "hyper_parameter": 35 / 12 / (35 / 12 + 4), "seed": 4 / (35 / 12 + 4)}
    for part, value in truth.items():
        assert share[part].low < value < share[part].high
    assert np.isnan(share["r"].low)


def test_a_table_of_one_seed_states_what_is_undefined():
    table = make("variance_explained", planted(rank, seeds=1))
    assert (
        "Undefined for MIG and SAP: a cell needs two seeds, and a score must vary." in table.notes
    )
    assert "needs" not in " ".join(make("variance_explained", planted(rank, seeds=2)).notes)


def test_a_choice_that_always_holds_beats_all_but_itself():
    table = make(
        "model_selection", planted(lambda row: 10 * rank(row) + row["value_index"], TWO), TWO
    )
    assert table.columns[0] == "Same score, same data set"
    assert [entry.value for entry in table.rows[0].entries] == pytest.approx([17.5 / 18] * 4)
    assert [entry.value for entry in table.rows[1].entries] == pytest.approx([2.5 / 3] * 4)
    assert (table.rows[0].label, table.rows[1].label) == ("All methods", "β-VAE")
    assert table.rows[0].n == str(2 * 18 * 4)


def test_a_lower_score_that_is_better_is_chosen_as_such():
    scores = planted(lambda row: -rank(row)).assign(
        metric="unsupervised", score="gaussian_total_correlation"
    )
    table = make(
        "model_selection",
        scores.drop_duplicates("run"),
        metrics=("unsupervised.gaussian_total_correlation",),
    )
    # Three settings of the best of six methods tie: each beats 15 of 18, and ties with three.
    assert table.rows[0].entries[0].value == pytest.approx(16.5 / 18)


@pytest.mark.slow
def test_one_data_set_says_what_is_missing():
    table = make("model_selection", planted(rank))
    assert [np.isfinite(entry.value) for entry in table.rows[0].entries] == [
        True,
        False,
        True,
        False,
    ]
    assert "No transfer to another data set: dSprites is the only one here." in table.notes
    assert any(
        "another seed, and there is only one" in note
        for note in make("model_selection", planted(rank, seeds=1)).notes
    )


def test_improvement_is_certain_where_methods_do_not_overlap():
    table = make("improvement", planted(rank, TWO), TWO)
    assert len(table.rows) == 15
    first = table.rows[0]
    assert (first.label, first.n) == ("β-VAE over FactorVAE", str(2 * 2 * 12))
    assert first.entries[0].value == 0


@pytest.mark.slow
def test_more_seeds_are_needed_for_a_smaller_difference():
    rng = np.random.default_rng(0)
    noisy = planted(lambda row: 0.5 * rank(row) + rng.normal(), seeds=50, values=(0,))
    data = (
        make("seeds_needed", noisy).data.query("metric == 'mig.mig'").set_index(["first", "second"])
    )
    near, far = (
        data.loc[("beta_vae", "factor_vae"), "unpaired"],
        data.loc[("beta_vae", "beta_tc_vae"), "unpaired"],
    )
    # Differences of 0.5 and 2 standard deviations need 64 and 6 per side; of 50 seeds the first is
    # known to ± 0.2.
    assert far <= 12 < 25 <= near <= 400


def test_too_few_seeds_are_a_dash():
    table = make("seeds_needed", planted(rank, seeds=2))
    assert table.wide().loc[0, "MIG"] == "–"
    assert make("seeds_needed", planted(rank, seeds=3)).wide().loc[0, "MIG"] == "2"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_printed_with_its_scale(kind, tmp_path):
    table = make(kind, planted(rank))
    text = table.markdown()
    assert "smoke scale" in text
    assert f"| {table.head} | n |" in text
    paths = tables.save(table, tmp_path, "table2")
    assert [path.suffix for path in paths] == [".csv", ".md", ".tex"]
    assert table.latex("x").count(r"\\") > len(table.rows)


@pytest.mark.parametrize("kind", KINDS)
def test_no_scores_at_all_are_shown_as_missing(kind):
    table = make(kind, planted(rank).iloc[:0])
    assert {entry.number() for row in table.rows for entry in row.entries} == {"–"}
