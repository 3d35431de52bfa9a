"""Scores against scores, one point per run.

Locatello et al. 2019, Fig. 6, and those of means against samples and metrics against metrics. Each
of the scores ``metrics`` with each other; or, if there are any, ``against`` on the y axes and
``metrics`` on the x axes.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import heat, style
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS_PER_ROW = 3
FEW = 200  # more points are drawn small
LAYERS = 8  # points are drawn in layers of all methods: the last method would hide the others
RUN = ["run", "method", "params", "seed"]
COLUMNS = ["dataset", "metric_x", "metric_y", "run", "model", "params", "seed", "x", "y"]


class Panel(NamedTuple):
    """Where a panel is, and the scores on its x and y axes."""

    row: int
    column: int
    dataset: str
    x: str
    y: str


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set and pair of scores; points have the colour of their method.

    Each panel prints n and Spearman's correlation over all its points.
    """
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    panels = _layout(metrics, spec, context.shown(spec))
    rows = 1 + max(panel.row for panel in panels)
    columns = 1 + max(panel.column for panel in panels)
    with style.styled():
        figure, grid = style.panels(rows, columns, 2.35, 2.15)
        used = {(panel.row, panel.column) for panel in panels}
        for place in np.ndindex(rows, columns):
            if place not in used:
                grid[place].set_axis_off()
        tables = []
        for panel in panels:
            of_dataset = trained[trained["dataset"] == panel.dataset]
            table = _points(of_dataset, panel)
            _draw_panel(grid[panel.row, panel.column], table, panel, spec, context)
            tables.append(table)
        legend = style.method_legend(spec, context, lw=0)
        style.finish(figure, spec, context, [_remark()], legend)
    return Drawn(figure, pd.concat(tables, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The correlation that each panel prints."""
    panels = _layout(context.metrics_of(spec), spec, [""])
    return quantities.of_pairs(spec, context, [(panel.x, panel.y) for panel in panels])


def _layout(
    metrics: list[str],
    spec: Spec,
    datasets: list[str],
) -> list[Panel]:
    """The panels: without ``against`` a staircase per data set, else a block or a single panel."""
    if not spec.against:
        return _staircases(metrics, datasets)
    panels = []
    if len(spec.against) == len(metrics) == 1:
        for i, dataset in enumerate(datasets):
            row, column = divmod(i, PANELS_PER_ROW)
            panels.append(Panel(row, column, dataset, metrics[0], spec.against[0]))
        return panels
    for i, dataset in enumerate(datasets):
        for row, y in enumerate(spec.against, i * len(spec.against)):
            for column, x in enumerate(metrics):
                panels.append(Panel(row, column, dataset, x, y))
    return panels


def _staircases(metrics: list[str], datasets: list[str]) -> list[Panel]:
    """Each pair of scores once, those of a data set below those of the one before."""
    steps = len(metrics) - 1
    panels = []
    for i, dataset in enumerate(datasets):
        for a, b in itertools.combinations(range(len(metrics)), 2):
            row = i * steps + b - 1
            panels.append(Panel(row, a, dataset, metrics[a], metrics[b]))
    return panels


def _points(trained: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """One row per run that has both scores, with the columns ``COLUMNS``."""
    scores = trained[trained["name"].isin([panel.x, panel.y])]
    wide = scores.pivot(index=RUN, columns="name", values="result")
    wide = wide.reindex(columns=[panel.x, panel.y])
    both = wide.dropna().astype(float)
    points = both.set_axis(["x", "y"], axis=1).reset_index().rename(columns={"method": "model"})
    points = points.assign(
        dataset=panel.dataset,
        metric_x=panel.x,
        metric_y=panel.y,
    )
    return points[COLUMNS]


def _draw_panel(
    axes: Axes,
    table: pd.DataFrame,
    panel: Panel,
    spec: Spec,
    context: Context,
) -> None:
    if table.empty:
        style.empty(axes, "no run has both")
    if len(table) < FEW:
        size = {"ms": 4.0, "mew": 0.2, "alpha": 0.75}
    else:
        size = {"ms": 1.9, "mew": 0, "alpha": 0.55}
    for (_, method), points in table.groupby([table.index % LAYERS, "model"]):
        mark = style.method_mark(str(method), context) | size
        x, y = points["x"].to_numpy(), points["y"].to_numpy()
        axes.plot(x, y, lw=0, **mark)
    for axis in ("x", "y"):
        style.set_scale(axes, axis, spec)
    # Two variations of one score are compared on the same scale.
    score_x, score_y = panel.x.partition("@")[0], panel.y.partition("@")[0]
    if score_x == score_y and len(table):
        _diagonal(axes)
    axes.set(
        xlabel=style.panel_title(panel.x, panel.dataset, spec, context),
        ylabel=names.metric(panel.y),
    )
    axes.set_title(
        _count_and_correlation(table),
        loc="left",
        fontsize=7.5,
        color=style.FAINT,
    )
    axes.tick_params(labelsize=7)
    style.despine(axes)


def _diagonal(axes: Axes) -> None:
    """Give both axes the same limits, and draw the line of equal scores."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    ends = [min(left, bottom), max(right, top)]
    axes.plot(
        ends,
        ends,
        color=style.FAINT,
        lw=0.8,
        ls=(0, (4, 2)),
        zorder=1,
    )
    axes.set(xlim=ends, ylim=ends)


def _count_and_correlation(table: pd.DataFrame) -> str:
    """``n = 45, ρ = 0.80``, without the correlation if there are too few runs."""
    count = f"n = {len(table):,}"
    if len(table) < heat.CORRELATION_RUNS:
        return count
    correlation = estimates.rank_correlation(table["x"].to_numpy(), table["y"].to_numpy())
    if np.isnan(correlation):  # a score is constant
        return count
    return f"{count}, ρ = {heat.number(correlation)}"


def _remark() -> str:
    few = f"fewer than {heat.CORRELATION_RUNS}"
    correlation = f"Spearman's rank correlation, none of {few} runs or of a constant score"
    return f"A point is a trained run that has both scores; ρ: {correlation}."
