"""Mean of one score against that of another, one point per value of the hyper-parameter.

Chen et al. 2018, MIG against total correlation; beside it the points that the authors printed.
"""

import json
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import cell_means, estimates
from facsimile.statistics.estimates import Estimate

SMALLEST, LARGEST = 4.0, 9.0  # sizes of the markers of the first and the last value, in points
REMARK = (
    "A point is the mean over the seeds of one value of the hyper-parameter, a larger point a "
    "higher value, and lines join neighbouring values. Bars: 95 % intervals over seeds. "
    "r: Pearson's correlation of the points; n: runs, for published points their number."
)
COLUMNS = ["panel", "dataset", "model", "value", "n", "x", "y", "x_low", "x_high", "y_low", "y_high"]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """A panel of published points per data set that has some, then one of ours per data set.

    The score ``metrics`` is on the x axis, ``against`` on the y axis.
    """
    selected, _ = select(scores, spec, context)
    rows = [*_published(spec, context), *_ours(without_controls(selected), spec, context)]
    points = pd.DataFrame(rows, columns=COLUMNS)
    panels = list(dict.fromkeys(points["panel"])) or [""]
    with style.styled():
        figure, grid = style.grid(len(panels), 3.3, 2.8, columns=2)
        for axes, panel in zip(grid, panels, strict=True):
            _draw_panel(axes, points[points["panel"] == panel], spec, context)
            axes.set_title(panel, loc="left")
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, points)


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """Both means of every point, and the correlation of each method's points."""
    listed = []
    pair = f"{spec.against[0]} ~ {spec.metrics[0]}"
    for dataset in context.paper_and_shown(spec):
        for method in context.methods(spec):
            if not context.design.trains(method, dataset):
                continue
            for _, params in quantities.swept_cells(context, [method]):
                for name in (*spec.metrics, *spec.against):
                    listed.append(Quantity(spec.id, dataset, method, params, name, "mean"))
            listed.append(Quantity(spec.id, dataset, method, "", pair, "pearson"))
    return listed


def _ours(trained: pd.DataFrame, spec: Spec, context: Context) -> list[tuple[Any, ...]]:
    """One row per cell that has both scores, with the columns ``COLUMNS``."""
    rows = []
    for dataset in context.shown(spec):
        panel = f"ours: {names.dataset(dataset)}"
        for method in context.methods(spec):
            chosen = (trained["dataset"] == dataset) & (trained["method"] == method)
            for value, runs in trained[chosen].groupby("value"):
                x = _mean(runs, spec.metrics[0])
                y = _mean(runs, spec.against[0])
                if x.n and y.n:
                    ends = (x.low, x.high, y.low, y.high)
                    rows.append((panel, dataset, method, value, x.n, x.value, y.value, *ends))
    return rows


def _mean(runs: pd.DataFrame, name: str) -> Estimate:
    results = runs.loc[runs["name"] == name, "result"].to_numpy(dtype=float)
    rng = estimates.generator(*map(str, runs[["dataset", "method", "value"]].iloc[0]), name)
    return estimates.estimate(results, rng)


def _published(spec: Spec, context: Context) -> list[tuple[Any, ...]]:
    """One row per published point of which both scores are known, with the columns ``COLUMNS``."""
    x_name, y_name = spec.metrics[0], spec.against[0]
    known = context.published.authors
    rows = []
    for quantity, x in known.items():
        other = Quantity(
            quantity.artefact,
            quantity.dataset,
            quantity.model,
            quantity.params,
            y_name,
            quantity.statistic,
        )
        is_point = quantity.artefact == spec.id and quantity.metric == x_name
        if not (is_point and other in known and quantity.model in context.methods(spec)):
            continue
        [value] = json.loads(quantity.params).values()
        panel = f"published: {names.dataset(quantity.dataset)}"
        point = (panel, quantity.dataset, quantity.model, value, 1, x, known[other])
        rows.append((*point, *[np.nan] * 4))
    return rows


def _draw_panel(axes: Axes, points: pd.DataFrame, spec: Spec, context: Context) -> None:
    if points.empty:
        style.empty(axes, "no run has both scores")
    methods = [method for method in context.methods(spec) if method in set(points["model"])]
    colours = style.palette(len(methods))
    for position, method in enumerate(methods):
        of_method = points[points["model"] == method].sort_values("value")
        mark = style.mark(colours[position], position)
        _draw_points(axes, of_method, mark, _label(method, of_method))
    style.set_scale(axes, "x", spec)
    axes.set(xlabel=names.metric(spec.metrics[0]), ylabel=names.metric(spec.against[0]))
    if methods:
        axes.legend(frameon=False, fontsize=7, loc="best")
    style.despine(axes)


def _label(method: str, points: pd.DataFrame) -> str:
    both = points[["x", "y"]].to_numpy(dtype=float)
    cells = points["value"].to_numpy()
    rng = np.random.default_rng(0)
    correlation = cell_means.pearson(both[:, 0], both[:, 1], cells, rng).value
    n = f"n = {int(points['n'].sum())}"
    if np.isnan(correlation):
        return f"{names.model(method)}, {n}"
    return f"{names.model(method)}, r = {correlation:.2f}, {n}"


def _draw_points(axes: Axes, points: pd.DataFrame, mark: dict[str, Any], label: str) -> None:
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    axes.plot(x, y, color=mark["color"], lw=0.8, alpha=0.6, zorder=2)
    horizontal = np.abs(points[["x_low", "x_high"]].to_numpy().T - x)
    vertical = np.abs(points[["y_low", "y_high"]].to_numpy().T - y)
    axes.errorbar(
        x,
        y,
        xerr=horizontal,
        yerr=vertical,
        ls="",
        color=mark["color"],
        elinewidth=0.6,
        alpha=0.6,
        zorder=2,
    )
    sizes = np.linspace(SMALLEST, LARGEST, max(len(points), 2))
    for place, size in enumerate(sizes[: len(points)]):
        # Only one of the points is named in the legend.
        text = label if place == len(points) // 2 else None
        axes.plot(x[place], y[place], ls="", label=text, **(mark | {"ms": size}))
