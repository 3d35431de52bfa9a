"""Mean of one score against that of another, one point per value of the hyper-parameter.

Chen et al. 2018, MIG against total correlation; beside it the points that the authors printed.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import published, published_panels, style
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import cell_means, estimates
from facsimile.statistics.estimates import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Pair = tuple[str, str]
SMALLEST, LARGEST = 3.5, 8.5  # sizes of the markers of the first and the last value, in points
REMARK = (
    "A point is the mean over the seeds of one value of the hyper-parameter, a larger point a "
    "higher value; lines join neighbouring values. Bars: 95 % intervals over seeds. r: Pearson's "
    "correlation of the points. n: runs."
)
SIZE = (3.3, 2.8)  # of a panel, in inches
ENDS = ["x_low", "x_high", "y_low", "y_high"]
PANEL = ["panel", "metric_x", "metric_y"]
COLUMNS = [*PANEL, "dataset", "model", "value", "n", "x", "y", *ENDS]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """A panel of published points per data set that has some, then one of ours per data set.

    Each of the scores ``metrics`` is on the x axis, each of ``against`` on the y axis; without
    ``against``, the first of ``metrics`` on x and the others on y.
    """
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    rows = []
    for pair in _pairs(metrics, spec):
        rows += _points(pair, spec, context)
        rows += _ours(trained, pair, spec, context)
    points = pd.DataFrame(rows, columns=COLUMNS)
    panels = published_panels.split(points, PANEL)
    draw_panel = functools.partial(_draw_panel, spec=spec, context=context)
    figure = published_panels.drawn(
        panels,
        SIZE,
        draw_panel,
        spec,
        context,
        REMARK,
    )
    return Drawn(figure, points)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """Both means of every point, and the correlation of each method's points."""
    metrics = context.metrics_of(spec)
    both = (*metrics, *spec.against)
    pairs = [f"{y} ~ {x}" for x, y in _pairs(metrics, spec)]
    listed = []
    for dataset in context.paper_and_shown(spec):
        for method in context.methods(spec):
            if not context.design.trains(method, dataset):
                continue
            of_method = (spec.id, dataset, method)
            for _, params in quantities.swept_cells(context, [method]):
                listed += [Quantity(*of_method, params, name, "mean") for name in both]
            listed += [Quantity(*of_method, "", pair, "pearson") for pair in pairs]
    return listed


def _pairs(
    metrics: Sequence[str],
    spec: Spec,
) -> list[Pair]:
    """The scores on the x and the y axis of each panel."""
    if spec.against:
        return list(itertools.product(metrics, spec.against))
    return [(metrics[0], other) for other in metrics[1:]]


def _ours(
    trained: pd.DataFrame,
    pair: Pair,
    spec: Spec,
    context: Context,
) -> list[tuple[Any, ...]]:
    """One row per cell that has both scores, with the columns ``COLUMNS``."""
    rows: list[tuple[Any, ...]] = []
    for dataset in context.shown(spec):
        panel = (f"ours: {names.dataset(dataset)}", *pair, dataset)
        for method in context.methods(spec):
            of_method = trained[trained["method"] == method]
            here = of_method[of_method["dataset"] == dataset]
            for value, runs in here.groupby("value"):
                x, y = (_mean(runs, name) for name in pair)
                if x.n and y.n:
                    identity = (*panel, method, value)
                    ends = (x.low, x.high, y.low, y.high)
                    rows.append((*identity, x.n, x.value, y.value, *ends))
    return rows


def _mean(
    runs: pd.DataFrame,
    name: str,
) -> Estimate:
    results = runs.loc[runs["name"] == name, "result"]
    cell = runs.iloc[0][["dataset", "method", "value"]]
    rng = estimates.generator(*map(str, cell), name)
    return estimates.estimate(results.to_numpy(dtype=float), rng)


def _points(
    pair: Pair,
    spec: Spec,
    context: Context,
) -> list[tuple[Any, ...]]:
    """One row per published point of which both scores are known, with the columns ``COLUMNS``."""
    known = dict(published.numbers(spec, context))
    no_ends = (math.nan,) * len(ENDS)
    rows: list[tuple[Any, ...]] = []
    for quantity, x in known.items():
        other = dataclasses.replace(quantity, metric=pair[1])
        if quantity.metric == pair[0] and other in known:
            # Of a point there is one hyper-parameter.
            [value] = json.loads(quantity.params).values()
            title = published.title(quantity.dataset)
            identity = (title, *pair, quantity.dataset, quantity.model)
            rows.append((*identity, value, 0, x, known[other], *no_ends))
    return rows


def _draw_panel(
    axes: Axes,
    points: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> None:
    if points.empty:
        style.empty(axes, "no run has both scores")
        return
    here = set(points["model"])
    methods = [method for method in context.methods(spec) if method in here]
    colours = style.palette(len(methods))
    for position, method in enumerate(methods):
        of_method = points[points["model"] == method].sort_values("value")
        mark = style.mark(colours[position], position)
        _draw_points(axes, of_method, mark, _label(method, of_method, context))
    style.set_scale(axes, "x", spec)
    title, x, y = points.iloc[0][PANEL]
    axes.set_title(title, loc="left")
    axes.set_xlabel(names.metric(x))
    axes.set_ylabel(names.metric(y))
    # Room for the legend above the points.
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.3 * (top - bottom))
    axes.legend(frameon=False, fontsize=7, loc="upper right")
    style.despine(axes)


def _label(
    method: str,
    points: pd.DataFrame,
    context: Context,
) -> str:
    """``β-VAE, r = -0.73``, with n for our runs, without a correlation that is undefined."""
    both = points[["x", "y"]].to_numpy(dtype=float)
    correlation = cell_means.pearson_of(both)
    n = int(points["n"].sum())
    parts = [names.model(method) if n else published.name(method, context)]
    if not math.isnan(correlation):
        parts.append(f"r = {correlation:.2f}")
    if n:
        parts.append(f"n = {n}")
    return ", ".join(parts)


def _draw_points(
    axes: Axes,
    points: pd.DataFrame,
    mark: dict[str, Any],
    label: str,
) -> None:
    faint = {"color": mark["color"], "alpha": 0.6, "zorder": 2}
    x, y = points["x"], points["y"]
    axes.plot(x, y, lw=0.8, **faint)
    ends = points[ENDS].T.to_numpy(dtype=float)
    axes.errorbar(
        x,
        y,
        xerr=np.abs(ends[:2] - x.to_numpy()),
        yerr=np.abs(ends[2:] - y.to_numpy()),
        ls="",
        elinewidth=0.6,
        **faint,
    )
    sizes = np.linspace(SMALLEST, LARGEST, len(points))
    # A point in the middle stands for its method in the legend.
    named = len(points) // 2
    for place, size in enumerate(sizes):
        text = label if place == named else None
        sized = mark | {"ms": size}
        axes.plot(x.iloc[place], y.iloc[place], ls="", label=text, **sized)
