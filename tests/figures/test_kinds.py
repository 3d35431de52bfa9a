"""The data behind the panels of each kind of figure, for scores whose statistics are known."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import synthetic
from matplotlib.collections import FillBetweenPolyCollection
from scipy import stats

from facsimile import figures
from facsimile.foundation import discover
from facsimile.metrics import unified
from facsimile.metrics.base import draws as base_draws
from facsimile.presentation.spec import Quantity

MIG, DCI, SAP = "mig.mig", "dci.disentanglement", "sap.sap"
BETA, FACTOR = "beta_vae_score.beta_vae_score", "factor_vae_score.factor_vae_score"


def draw(kind, scores, metrics=(MIG,), against=(), context=None, specimens=None, **changes):
    spec = synthetic.spec(kind, metrics=metrics, against=against, **changes)
    context = context or synthetic.context(evaluation=(40, 20))
    return figures.draw(kind, scores, spec, context, specimens or synthetic.Specimens())


def texts(figure):
    return "\n".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def varied(scores, variation, change=lambda results: results, **settings):
    """The trained runs' scores in another variation, with the settings of its evaluation."""
    trained = scores[~scores["control"]]
    return trained.assign(variation=variation, result=change(trained["result"]), **settings)


@pytest.fixture(scope="module")
def scores():
    return synthetic.scores(synthetic.runs(3, (0, 3, 5)))


def test_scores_against_scores_are_a_rectangle_of_correlations(scores):
    table = draw("rank_correlation", scores, (MIG, BETA), (DCI, SAP, FACTOR)).data.set_index(
        ["metric_a", "metric_b"]
    )
    assert list(table.index) == list(itertools.product((MIG, BETA), (DCI, SAP, FACTOR)))
    assert table.loc[(MIG, DCI), "spearman"] == pytest.approx(1)
    assert table.loc[(MIG, SAP), "spearman"] == pytest.approx(-1)
    trained = scores[~scores["control"]]
    a, b = (
        trained.loc[trained["metric"] == name.split(".")[0], "result"] for name in (BETA, FACTOR)
    )
    assert table.loc[(BETA, FACTOR), "spearman"] == pytest.approx(stats.spearmanr(a, b).statistic)
    assert (table["n"] == 54).all()


def test_data_sets_are_correlated_over_the_same_configurations():
    here = synthetic.scores(synthetic.runs(2))
    elsewhere = here.assign(
        dataset="cars3d",
        run=here["run"].str.replace("dsprites", "cars3d"),
        result=here["result"] ** 3,
    )
    elsewhere = elsewhere[elsewhere["model"] != "factor_vae"]
    shuffled = pd.concat([here, elsewhere]).sample(frac=1, random_state=0)
    context = synthetic.context(evaluation=(40, 20), datasets=("dsprites", "cars3d"))
    table = draw("dataset_correlation", shuffled, (MIG, DCI), context=context, datasets=()).data
    assert table["spearman"].to_list() == pytest.approx([1, 1])
    assert table["n"].to_list() == [30, 30]


def test_one_data_set_has_no_other_to_be_correlated_with(scores):
    drawn = draw("dataset_correlation", scores)
    assert drawn.data.empty
    assert "needs two data sets;\nhere is dSprites alone" in texts(drawn.figure)


def test_a_point_of_a_scatter_is_a_run_that_has_both_scores(scores):
    incomplete = scores[~((scores["metric"] == "dci") & (scores["model"] == "beta_vae"))]
    drawn = draw("scatter", incomplete, (MIG,), (DCI,))
    assert len(drawn.data) == 45
    assert "beta_vae" not in set(drawn.data["model"])
    np.testing.assert_allclose(drawn.data["y"] ** 2, drawn.data["x"])
    assert "n = 45, ρ = 1.00" in texts(drawn.figure)


def test_scores_among_themselves_are_a_staircase_of_scatters(scores):
    drawn = draw("scatter", scores, (MIG, DCI, SAP))
    pairs = list(dict.fromkeys(zip(drawn.data["metric_x"], drawn.data["metric_y"], strict=True)))
    assert pairs == [(MIG, DCI), (MIG, SAP), (DCI, SAP)]
    assert [axes.get_xlabel() for axes in drawn.figure.axes if axes.axison] == [
        "MIG",
        "MIG",
        "DCI disentanglement",
    ]


def test_two_variations_of_a_score_share_their_limits_and_have_a_diagonal(scores):
    both = pd.concat(
        [scores, varied(scores, "sampled", lambda r: r / 100, representation="sampled")]
    )
    drawn = draw("scatter", both, (MIG,), (f"{MIG}@sampled",), log=True)
    axes = drawn.figure.axes[0]
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_xscale() == axes.get_yscale() == "log"
    np.testing.assert_allclose(drawn.data["y"] * 100, drawn.data["x"])


def test_a_logarithmic_panel_without_scores_is_drawn_empty(scores):
    positive = scores.assign(result=scores["result"].abs() + 0.1)
    drawn = draw("strength", positive[positive["metric"] == "mig"], (MIG, DCI), log=True)
    drawn.figure.canvas.draw()
    with_scores, without = drawn.figure.axes
    assert with_scores.get_yscale() == "log"
    assert without.get_yscale() == "linear"
    assert "no scores" in [text.get_text() for text in without.texts]


def test_a_violin_of_each_value_ends_at_its_data_and_a_value_without_runs_says_so():
    scores = synthetic.scores(synthetic.runs(9, (0, 2)))
    drawn = draw("violin_by_value", scores, models=("factor_vae",))
    axes = drawn.figure.axes[0]
    bodies = [body for body in axes.collections if isinstance(body, FillBetweenPolyCollection)]
    rows = drawn.data[drawn.data["model"] == "factor_vae"]
    for body, value in zip(bodies, (10, 30), strict=True):
        x = np.concatenate([path.vertices for path in body.get_paths()])[:, 0]
        results = rows.loc[rows["value"] == value, "result"]
        assert (x.min(), x.max()) == pytest.approx((results.min(), results.max()))
    written = [text.get_text() for text in axes.texts]
    assert written.count("n = 9") == 2
    assert written.count("no runs") == 4
    assert axes.get_yticklabels()[2].get_text() == "γ = 30"


def test_smaller_samples_are_set_against_the_largest(scores):
    smaller = varied(scores, "train_10", np.negative, n_train=10)
    draws = varied(scores, "draw_1", evaluation_seed=1)
    table = draw("sample_size", pd.concat([scores, smaller, draws])).data
    agreement = table[table["statistic"] == "spearman"]
    assert agreement[["points", "value", "n"]].to_numpy().tolist() == [[10, -1, 54]]
    medians = table[table["statistic"] == "median"].set_index(["model", "points"])["value"]
    median = scores.query("metric == 'mig' and model == 'factor_vae'")["result"].median()
    assert medians["factor_vae", 40] == pytest.approx(median)
    assert medians["factor_vae", 10] == pytest.approx(-median)


def test_a_single_size_is_set_against_nothing(scores):
    drawn = draw("sample_size", scores)
    assert set(drawn.data["statistic"]) == {"median"}
    assert "too few runs or sizes" in texts(drawn.figure)


def test_deviations_between_draws_seeds_and_methods_are_separate():
    scores = synthetic.scores(synthetic.runs(2, (0, 5)))
    cells = scores.groupby(["model", "params"]).ngroup()
    first = scores.assign(result=10.0 * cells + scores["seed"])
    second = varied(first, "draw_1", lambda results: results + 0.5, evaluation_seed=1)
    smaller = varied(first, "train_10", lambda results: results + 99, n_train=10)
    table = draw("repeated_evaluation", pd.concat([first, second, smaller])).data.set_index(
        "source"
    )
    assert table.loc["draw", ["sd", "groups", "n"]].to_list() == pytest.approx(
        [0.5 / np.sqrt(2), 24, 48]
    )
    assert table.loc["seed", ["sd", "groups", "n"]].to_list() == pytest.approx(
        [1 / np.sqrt(2), 12, 24]
    )
    trained = first[~first["control"] & (first["metric"] == "mig")]
    means = trained.groupby(["model", "params"])["result"].mean()
    assert table.loc["method and value", ["sd", "groups", "n"]].to_list() == pytest.approx(
        [means.std(), 1, 12]
    )


def test_reconstructions_state_how_far_they_are_from_their_images(scores):
    drawn = draw("reconstructions", scores)
    rows = drawn.data[drawn.data["model"] == "beta_vae"]
    assert set(rows["params"]) == {'{"beta":6}'}  # the middle of 1, 6 and 16
    assert set(rows["seed"]) == {0}
    assert rows["image"].to_list() == np.linspace(0, 59, 10).astype(int).tolist()
    means, _ = synthetic.Specimens().codes(rows["run"].iloc[0])
    painted = means[rows["image"], 0] > 0
    np.testing.assert_allclose(
        rows["mean_squared_error"], (painted - rows["image"] / 60) ** 2, rtol=1e-5
    )


def test_traversals_show_the_most_informative_latents_first(scores):
    drawn = draw("traversals", scores)
    rows = drawn.data[drawn.data["model"] == "annealed_vae"]
    # x_position reaches 9, shape 5; the others are noise.
    assert rows["latent"].to_list()[:2] == [1, 0]
    assert (rows["kl"].diff().dropna() <= 0).all()
    means, log_variances = synthetic.Specimens().codes(rows["run"].iloc[0])
    mean, log_variance = means[:, 1].astype(float), log_variances[:, 1]
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).mean()
    assert rows["kl"].iloc[0] == pytest.approx(kl, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["factor_matrices", "independent_groups", "dendrograms"])
def test_matrices_are_of_the_best_the_middle_and_the_worst_run(scores, kind):
    drawn = draw(kind, scores)
    ranked = (
        scores[(scores["metric"] == "mig") & ~scores["control"]]
        .sort_values("result", ascending=False)["run"]
        .to_list()
    )
    chosen = drawn.data.drop_duplicates("run")
    assert chosen["rank"].to_list() == ["best", "median", "worst"]
    assert chosen["run"].to_list() == [ranked[0], ranked[round(53 / 2)], ranked[-1]]


@pytest.mark.slow
def test_the_matrices_are_those_of_the_metric(scores):
    table = draw("factor_matrices", scores).data
    best = table[table["rank"] == "best"]
    specimens, key = synthetic.Specimens(), best["run"].iloc[0]
    draws = base_draws.from_table(specimens.codes(key)[0], specimens.factors(key)[0], 40, 20, 0)
    for name, matrix in unified.matrices(draws).items():
        rows = best[best["matrix"] == name]
        values = rows.pivot(index="code", columns="factor", values="value")
        np.testing.assert_allclose(values[["shape", "x position"]], matrix)


@pytest.mark.slow
def test_groups_and_merges_are_those_of_the_metric(scores):
    groups, merges = (draw(kind, scores).data for kind in ("independent_groups", "dendrograms"))
    specimens, key = synthetic.Specimens(), groups["run"].iloc[0]
    draws = base_draws.from_table(specimens.codes(key)[0], specimens.factors(key)[0], 40, 20, 0)
    matrix = unified.matrices(draws)["mutual_information"]
    rows = groups[(groups["run"] == key) & (groups["matrix"] == "mutual_information")]
    np.testing.assert_array_equal(rows["groups"], unified.curves(matrix).groups)
    joined = merges[(merges["run"] == key) & (merges["matrix"] == "mutual_information")].set_index(
        ["factor_a", "factor_b"]
    )
    assert joined.loc[("shape", "x position"), "threshold"] == unified.merges(matrix)[0, 1]


@pytest.mark.parametrize(
    "kind",
    ["reconstructions", "traversals", "factor_matrices", "independent_groups", "dendrograms"],
)
def test_models_that_are_not_in_the_store_leave_their_place_empty(scores, kind):
    drawn = draw(kind, scores, specimens=synthetic.Specimens(missing=set(scores["run"])))
    assert drawn.data.empty
    assert "in the store" in texts(drawn.figure)


def test_a_kind_that_shows_models_needs_specimens(scores):
    with pytest.raises(
        ValueError, match="fig3_left: traversals shows models themselves; give it the specimens"
    ):
        figures.draw("traversals", scores, synthetic.spec("traversals"), synthetic.context())


@pytest.mark.slow
def test_exchanges_of_labels_state_how_far_pictures_move(scores):
    data = draw("characteristic_swaps", scores).data
    moved = data.groupby(["row", "other_row"])["moved"].mean().unstack()
    expected = np.abs(np.subtract.outer([0, 100, 200], [0, 100, 200])) / 255
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_interventions_state_how_far_pictures_move(scores):
    data = draw("interventions", scores).data
    assert set(data["concept"]) == {0, 1}
    moved = data.set_index("concept")["moved"].groupby(level=0).first()
    # The first concept's strip goes from 0 to 250, the second's stays.
    assert moved.to_list() == pytest.approx([250 / 255, 0])


def test_scores_that_differ_in_a_number_are_one_line_beside_the_closed_form():
    runs = synthetic.runs(2, (0,))
    results = {"kl_1": 3.0, "kl_10": 2.0, "kl": 9.0, "kl_1_theory": 2.5}
    tables = [synthetic.scores(runs).drop_duplicates("run").assign(metric="elbo")]
    scores = pd.concat([tables[0].assign(score=s, result=r) for s, r in results.items()])
    quantity = Quantity("fig3_left", "dsprites", "beta_vae", "", "elbo.kl_10", "mean")
    context = synthetic.context(evaluation=(40, 20), authors={quantity: 2.2})
    drawn = draw("by_number", scores, ("elbo.kl_1",), context=context, models=("beta_vae",))
    rows = drawn.data[["metric", "model", "number", "mean", "n"]].to_numpy().tolist()
    assert rows == [
        ["elbo.kl", "beta_vae", 1, 3.0, 2],
        ["elbo.kl", "beta_vae", 10, 2.0, 2],
        ["elbo.kl", "closed form", 1, 2.5, 2],
        ["elbo.kl", "published", 10, 2.2, 0],
    ]
    assert {"closed form", "published"} <= set(texts(drawn.figure).split("\n"))


def test_lines_have_their_own_x_axis_which_all_cells_share(scores):
    history = pd.DataFrame({"step": [0, 1, 2], "work": [1.0, 10.0, 100.0], "mig": [1, 0.1, 0.01]})
    context = synthetic.context(evaluation=(40, 20), history=lambda run: history)
    changes = {"models": ("beta_vae",), "datasets": ("dsprites",), "against": ("mig.work",)}
    drawn = draw("lines", scores, context=context, log=True, **changes)
    [axes] = drawn.figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert len(axes.lines) == 3, "one line for each strength"
    for line in axes.lines:
        assert line.get_xdata().tolist() == [1, 10, 100]
    assert drawn.data["work"].tolist() == [1, 10, 100] * 3
    with pytest.raises(discover.UnknownName, match=r"no column of .*'words'.*did you mean 'work'"):
        draw("lines", scores, context=context, **changes | {"against": ("mig.words",)})


def test_the_closed_form_beside_a_line_is_that_of_the_main_evaluation():
    history = pd.DataFrame({"step": [0, 1, 2], "mig": [1, 0.1, 0.01]})
    context = synthetic.context(evaluation=(40, 20), history=lambda run: history)
    runs = synthetic.scores(synthetic.runs(1))
    theory = runs[runs["metric"] == "mig"].assign(score="mig_theory", result=0.5)
    snapshots = theory.assign(variation="step_1", result=0.9)
    scores = pd.concat([runs.assign(variation=""), theory.assign(variation=""), snapshots])
    drawn = draw("lines", scores, ("mig.mig",), context=context, datasets=("dsprites",))
    assert set(drawn.data["theory"].dropna()) == {0.5}


def test_numbers_are_restricted_to_cells_with_a_value():
    runs = synthetic.scores(synthetic.runs(1, (0, 3)))
    series = runs[runs["metric"] == "mig"].assign(score="value_4")
    drawn = draw("by_number", series, ("mig.value_4",), datasets=("dsprites",))
    some = draw("by_number", series, ("mig.value_4",), datasets=("dsprites",), where=(("beta", 1),))
    both, one = (figure.data.set_index("model")["n"] for figure in (drawn, some))
    assert (both["beta_vae"], one["beta_vae"]) == (2, 1)
    assert both["factor_vae"] == one["factor_vae"] == 2, "it has no such hyper-parameter"
