"""Tests of every kind of figure, and of what the most used kinds draw."""

import json

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import synthetic
from matplotlib.collections import FillBetweenPolyCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from scipy import stats

from facsimile import figures
from facsimile.figures import strength
from facsimile.figures.base import heat, violins
from facsimile.foundation import discover
from facsimile.statistics.estimates import Estimate

KINDS = discover.names("figures")
WITHOUT_SCORES = {
    "characteristic_swaps",
    "cut_pictures",
    "interventions",
    "lines",
    "reconstructions",
    "traversals",
}


# Kinds that are compared as PDF, too: with curves, images, and most marks. Embedding fonts takes as
# long as drawing.
AS_PDF = {"violin", "traversals", "sample_size"}
TWO = ("mig.mig", "beta_vae_score.beta_vae_score")


def draw(kind, runs, spec=None, context=None):
    spec, context = spec or synthetic.spec(kind), context or small()
    return figures.draw(kind, synthetic.scores(runs), spec, context, synthetic.Specimens())


def small(**changes):
    """A scale of few points: some kinds that show models compute a metric on them."""
    return synthetic.context(evaluation=(40, 20), **changes)


def texts(figure):
    return "\n".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def panels(figure):
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}


def draw_of_own_data(kind):
    """Draw a figure that was checked against the paper, of the paper's own data set."""
    spec = synthetic.spec(kind, metrics=TWO, verified=True, note="Read from page 7.")
    runs = synthetic.runs(2, (0, 5), ("cars3d",))
    return draw(kind, runs, spec, small(datasets=("cars3d",)))


@pytest.fixture(scope="module", params=KINDS)
def of_own_data(request):
    """Kind and figure, which is drawn once for the two tests below."""
    return request.param, draw_of_own_data(request.param)


@pytest.mark.slow
def test_a_checked_figure_of_the_papers_own_data_says_neither(of_own_data):
    _, drawn = of_own_data
    text = texts(drawn.figure)
    assert "paper:" not in text
    assert "not checked" not in text
    assert "Read from page 7." in text


@pytest.mark.slow
def test_the_same_scores_give_the_same_files_byte_for_byte(of_own_data, tmp_path, monkeypatch):
    kind, drawn = of_own_data
    endings = ["pdf", "png"]
    if kind not in AS_PDF:
        endings = ["png"]
        monkeypatch.setattr(figures, "METADATA", {"png": figures.METADATA["png"]})
    again = draw_of_own_data(kind)
    first = figures.save(drawn, tmp_path / "first", "fig")
    second = figures.save(again, tmp_path / "second", "fig")
    files = [path for path in first if path.exists()]
    assert [path.suffix[1:] for path in files] == [*endings, "csv"]
    for one, other in zip(first, second, strict=True):
        assert not one.exists() or one.read_bytes() == other.read_bytes()
    assert len(list((tmp_path / "first").iterdir())) == len(files)  # no temporary file is left


@pytest.mark.slow
def test_the_last_bits_of_a_layout_do_not_change_a_pdf(tmp_path, monkeypatch):
    first, *_ = figures.save(draw_of_own_data("sample_size"), tmp_path / "first", "fig")
    lay_out = Figure.draw_without_rendering

    def nudged(figure):
        """As the solver of the layout does from one drawing to the next, but by more bits."""
        lay_out(figure)
        for axes in figure.axes:
            corners = axes.get_position(original=True).get_points()
            in_layout = axes.get_in_layout()
            axes.set_position(Bbox(corners + 1e-14))
            axes.set_in_layout(in_layout)

    monkeypatch.setattr(Figure, "draw_without_rendering", nudged)
    second, *_ = figures.save(draw_of_own_data("sample_size"), tmp_path / "second", "fig")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_a_pdf_does_not_say_when_it_was_drawn(tmp_path):
    path, *_ = figures.save(draw("violin", synthetic.runs(1, (0,))), tmp_path, "fig")
    assert b"CreationDate" not in path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_says_what_it_shows_and_changes_no_setting(kind):
    before = dict(mpl.rcParams)
    text = texts(draw(kind, synthetic.runs(1, (0, 5)), synthetic.spec(kind, metrics=TWO)).figure)
    assert dict(mpl.rcParams) == before
    assert "smoke scale · 200 of 300,000 steps · 40 + 20 evaluation points" in text
    assert "paper: Cars3D; here: dSprites" in text
    assert "not checked against the paper's PDF" in text.replace("\n", " ")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_without_scores_has_no_data(kind):
    nothing = synthetic.scores(synthetic.runs(1, (0,))).iloc[:0]
    spec = synthetic.spec(kind, metrics=TWO)
    drawn = figures.draw(kind, nothing, spec, small(), synthetic.Specimens())
    assert drawn.data.empty or (drawn.data["n"] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_cells_name_every_number_of_the_papers_data_set_and_of_ours(kind):
    cells = discover.module("figures", kind).cells(synthetic.spec(kind), synthetic.context())
    assert {cell.dataset for cell in cells} in ({"cars3d", "dsprites"}, set())
    assert len(set(cells)) == len(cells)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - WITHOUT_SCORES))
def test_one_run_with_a_score_twice_is_refused(kind):
    scores = synthetic.scores(synthetic.runs(1, (0,)))
    twice = pd.concat([scores, scores.iloc[:1]])
    with pytest.raises(ValueError, match=r"dsprites/beta_vae/0/0 has .* twice"):
        figures.draw(kind, twice, synthetic.spec(kind), small(), synthetic.Specimens())


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(discover.UnknownName, match="did you mean 'violin'"):
        draw("violins", synthetic.runs(1, (0,)))


@pytest.mark.slow
def test_a_violins_outline_never_passes_its_data():
    runs = synthetic.runs(4, range(6))
    drawn = draw("violin", runs)
    title, name = "MIG", "mig.mig"
    axes = panels(drawn.figure)[title]
    bodies = [body for body in axes.collections if isinstance(body, FillBetweenPolyCollection)]
    data = drawn.data[(drawn.data["metric"] == name) & ~drawn.data["control"]]
    models = list(synthetic.SWEEPS)
    assert len(bodies) == len(models)
    for body in bodies:
        x, y = np.concatenate([path.vertices for path in body.get_paths()]).T
        results = data.loc[data["model"] == models[round(y.mean())], "result"]
        assert results.size == 24
        assert x.min() == pytest.approx(results.min(), abs=1e-9)
        assert x.max() == pytest.approx(results.max(), abs=1e-9)


def test_few_runs_are_points_and_no_violin():
    axes = panels(draw("violin", synthetic.runs(1, (0, 5))).figure)["MIG"]
    assert not [body for body in axes.collections if isinstance(body, FillBetweenPolyCollection)]
    points = [
        len(body.get_offsets()) for body in axes.collections if isinstance(body, PathCollection)
    ]
    assert points == [2] * 6


def test_every_violin_prints_its_n_also_a_method_without_runs():
    runs = synthetic.runs(2, (0, 5))
    runs.loc[runs["model"] == "dip_vae_i", "state"] = "failed"
    runs.loc[(runs["model"] == "factor_vae") & (runs["seed"] == 0), "state"] = "missing"
    written = [text.get_text() for text in panels(draw("violin", runs).figure)["MIG"].texts]
    assert written.count("n = 4") == 4
    assert "n = 2" in written
    assert "n = 0" in written
    assert "no runs" in written


def test_jitter_is_spread_and_bounded():
    offsets = violins.jitter(50)
    assert np.abs(offsets).max() <= 0.12
    assert np.diff(np.sort(offsets)).max() < 0.02


def test_the_violins_data_are_the_scores():
    runs = synthetic.runs(3)
    data, scores = draw("violin", runs).data, synthetic.scores(runs)
    assert len(data) == len(scores)
    assert data["result"].tolist() == scores["result"].tolist()


def test_perfectly_ranked_scores_correlate_by_one_and_others_as_scipy_says():
    runs = synthetic.runs(3, range(6))
    table = draw("rank_correlation", runs).data.set_index(["metric_a", "metric_b"])
    assert table.loc[("mig.mig", "dci.disentanglement"), "spearman"] == pytest.approx(1.0)
    assert table.loc[("mig.mig", "sap.sap"), "spearman"] == pytest.approx(-1.0)
    trained = synthetic.scores(runs).query("not control")
    a, b = (
        trained.loc[trained["metric"] == name, "result"].to_numpy()
        for name in ("beta_vae_score", "factor_vae_score")
    )
    row = table.loc[("beta_vae_score.beta_vae_score", "factor_vae_score.factor_vae_score")]
    assert row["spearman"] == pytest.approx(stats.spearmanr(a, b).statistic)
    assert row["low"] < row["spearman"] < row["high"]
    assert (table["n"] == 108).all()


def test_controls_do_not_enter_the_correlation():
    runs = synthetic.runs(2)
    with_controls = draw("rank_correlation", runs).data
    pd.testing.assert_frame_equal(
        with_controls, draw("rank_correlation", runs[~runs["control"]]).data
    )


def test_runs_without_a_score_are_left_out_of_its_pairs_only():
    runs = synthetic.runs(2)
    scores = synthetic.scores(runs)
    gone = (scores["metric"] == "dci") & (scores["seed"] == 0)
    figure = figures.draw("rank_correlation", scores[~gone], synthetic.spec(), synthetic.context())
    table = figure.data
    with_dci = table[["metric_a", "metric_b"]].eq("dci.disentanglement").any(axis=1)
    assert set(table.loc[with_dci, "n"]) == {18}
    assert set(table.loc[~with_dci, "n"]) == {36}


def test_too_few_runs_and_constants_are_hatched():
    figure = draw("rank_correlation", synthetic.runs(2)).figure
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == 2 * 5  # Modularity is constant
    runs = synthetic.runs(1, (0,))
    few = draw("rank_correlation", runs[runs["model"].isin(["beta_vae", "noise"])]).figure
    assert len([patch for patch in few.axes[0].patches if patch.get_hatch()]) == 2 * 15
    assert "n = 1" in texts(few)


@pytest.mark.parametrize(("value", "share"), [(-1.0, 0.0), (0.0, 0.5), (1.0, 1.0)])
def test_the_colours_of_a_correlation_are_fixed(value, share):
    axes = mpl.figure.Figure().subplots()
    heat.cell(axes, 0, 0, Estimate(value, value, value, n=10))
    assert axes.patches[0].get_facecolor() == heat.colours()(share)


def test_strength_shows_the_median_of_every_value_at_its_position():
    runs = synthetic.runs(5, (0, 2, 5))
    data = draw("strength", runs).data
    scores = synthetic.scores(runs)
    assert set(data["value_index"]) == {0, 2, 5}
    assert (data["n"] == 5).all()
    row = data.query("metric == 'mig.mig' and model == 'factor_vae' and value == 30").iloc[0]
    results = scores.query("metric == 'mig' and model == 'factor_vae' and value == 30")["result"]
    assert row["median"] == pytest.approx(results.median())
    assert results.min() <= row["low"] < row["median"] < row["high"] <= results.max()


def test_strength_has_a_cell_for_every_published_value():
    cells = strength.cells(
        synthetic.spec(datasets=("dsprites",), metrics=("mig.mig",)), synthetic.context()
    )
    strengths = {(cell.model, *json.loads(cell.params).items()) for cell in cells}
    published = set()
    for model, (name, values) in synthetic.SWEEPS.items():
        published |= {(model, (name, value)) for value in values}
    assert strengths == published


@pytest.mark.slow
def test_several_data_sets_are_several_panels():
    runs = synthetic.runs(2, (0, 5), ("dsprites", "cars3d"))
    context = synthetic.context(datasets=("dsprites", "cars3d"))
    drawn = draw("violin", runs, synthetic.spec(datasets=(), metrics=("mig.mig",)), context)
    assert set(panels(drawn.figure)) == {"MIG · dSprites", "MIG · Cars3D"}
    both = draw("rank_correlation", runs, synthetic.spec(datasets=()), context)
    assert set(both.data["dataset"]) == {"dsprites", "cars3d"}
