"""Scores against scores, a point a run (Locatello et al. 2019, Fig. 6, means against samples, metrics against metrics).

Without ``against``, each of the scores ``metrics`` with each other; else ``against`` upwards and ``metrics`` to the right.
"""

import itertools

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import heat, style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

COLUMNS = 3
FEW = 200
LAYERS = 8  # of points: the method that is drawn last would hide the others
RUN = ["run", "model", "params", "seed"]
Cell = tuple[int, int, str, str, str]  # row, column, data set, score to the right, score upwards


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One panel a (data set, two scores); points in their method's colour, n and Spearman's correlation over all of them."""
    found, wanted = select(scores, spec, context)
    trained = found[~found["control"].astype(bool)]
    cells = _cells(wanted, spec, context)
    with style.styled():
        rows, columns = (
            1 + max(row for row, *_ in cells),
            1 + max(column for _, column, *_ in cells),
        )
        figure, grid = style.panels(rows, columns, 2.35, 2.15)
        for axes in set(grid.flat) - {grid[cell[:2]] for cell in cells}:
            axes.set_axis_off()
        points = [
            _points(trained[trained["dataset"] == dataset], dataset, x, y)
            for *_, dataset, x, y in cells
        ]
        for cell, table in zip(cells, points, strict=True):
            _panel(grid[cell[:2]], table, cell, spec, context)
        style.finish(figure, spec, context, [_remark()], style.methods(spec, context, lw=0))
    return Drawn(figure, pd.concat(points, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The correlation that each panel prints, for the paper's data sets and those drawn here."""
    pairs = [(x, y) for *_, x, y in _cells(context.metrics_of(spec), spec, context, ("",))]
    return [
        Quantity(spec.id, d, "", "", f"{x} ~ {y}", "spearman")
        for d in context.paper_and_shown(spec)
        for x, y in pairs
    ]


def _cells(
    wanted: list[str], spec: Spec, context: Context, datasets: tuple[str, ...] = ()
) -> list[Cell]:
    """Where each pair of scores stands: a staircase of the scores, or a block of rows or a single panel a data set."""
    shown = datasets or tuple(context.shown(spec))
    if not spec.against:
        stairs = list(itertools.combinations(range(len(wanted)), 2))
        steps = len(wanted) - 1
        return [
            (i * steps + b - 1, a, d, wanted[a], wanted[b])
            for i, d in enumerate(shown)
            for a, b in stairs
        ]
    if len(spec.against) == len(wanted) == 1:
        return [(*divmod(i, COLUMNS), d, wanted[0], spec.against[0]) for i, d in enumerate(shown)]
    below = len(spec.against)
    placed = itertools.product(enumerate(shown), enumerate(spec.against), enumerate(wanted))
    return [(i * below + row, column, d, x, y) for (i, d), (row, y), (column, x) in placed]


def _points(trained: pd.DataFrame, dataset: str, x: str, y: str) -> pd.DataFrame:
    """A row a run that has both scores."""
    wide = (
        trained[trained["name"].isin([x, y])]
        .pivot(index=RUN, columns="name", values="result")
        .reindex(columns=[x, y])
    )
    both = wide.dropna().astype(float).set_axis(["x", "y"], axis=1).reset_index()
    return both.assign(dataset=dataset, metric_x=x, metric_y=y)[
        ["dataset", "metric_x", "metric_y", *RUN, "x", "y"]
    ]


def _panel(axes: Axes, table: pd.DataFrame, cell: Cell, spec: Spec, context: Context) -> None:
    *_, dataset, x, y = cell
    if table.empty:
        style.empty(axes, "no run has both")
    few = len(table) < FEW
    for (_, model), own in table.groupby([table.index % LAYERS, "model"]):
        marks = style.marked(str(model), context) | (
            {"ms": 4.0, "mew": 0.2} if few else {"ms": 1.9, "mew": 0}
        )
        axes.plot(
            own["x"].to_numpy(), own["y"].to_numpy(), lw=0, alpha=0.75 if few else 0.55, **marks
        )
    for axis in ("x", "y"):
        style.scale(axes, axis, spec)
    if x.partition("@")[0] == y.partition("@")[0] and len(table):
        ends = [
            min(axes.get_xlim()[0], axes.get_ylim()[0]),
            max(axes.get_xlim()[1], axes.get_ylim()[1]),
        ]
        axes.plot(ends, ends, color=style.FAINT, lw=0.8, ls=(0, (4, 2)), zorder=1)
        axes.set(xlim=ends, ylim=ends)
    axes.set(xlabel=style.titled(x, dataset, spec, context), ylabel=names.metric(y))
    axes.set_title(_said(table), loc="left", fontsize=7.5, color=style.FAINT)
    axes.tick_params(labelsize=7)
    sns.despine(ax=axes)


def _said(table: pd.DataFrame) -> str:
    """n, and the correlation where there are runs enough for one."""
    counted = f"n = {len(table):,}"
    if len(table) < heat.CORRELATION_RUNS:
        return counted
    value = estimates.rank_correlation(table["x"].to_numpy(), table["y"].to_numpy())
    return counted if np.isnan(value) else f"{counted}, ρ = {heat.number(value)}"


def _remark() -> str:
    few = f"fewer than {heat.CORRELATION_RUNS}"
    said = f"Spearman's rank correlation, none of {few} runs or of a constant score"
    return f"A point is a trained run that has both scores; ρ: {said}."
