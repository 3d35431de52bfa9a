"""Information about the target against the compression of the inputs: the information plane.

Yu et al. 2024, Figure 1. Published markers are in panels of their own, since their weights of
compression are not printed; the comparison has our I(T;Y) at the compression ratio of each.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import published, published_panels, style
from facsimile.papers.cs_ib import compression
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates, further_run
from facsimile.statistics.estimates import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (3.3, 2.8)  # of a panel, in inches
PANEL = ["panel"]
COLUMNS = ["panel", "dataset", "model", "value", "n", "r", "information", "low", "high"]
REMARK = (
    "Ours: a marker is the mean over the seeds of one weight of compression, with the 95 % "
    "interval of I(T;Y). r is 1 - I(X;T) / I(X;T at the smallest weight of the method), seeds "
    "paired."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """A panel of published markers per data set, then one of ours per score of ``against``.

    ``metrics`` has the score I(X;T).
    """
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    rows = _published(spec, context)
    for name in spec.against:
        rows += _ours(trained, metrics[0], name, spec, context)
    points = pd.DataFrame(rows, columns=COLUMNS)
    panels = published_panels.split(points, PANEL)
    order = list(dict.fromkeys(points["model"]))
    draw_panel = functools.partial(_draw_panel, order=order)
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
    """The mean of every marker, of each method on its data sets."""
    both = (*context.metrics_of(spec), *spec.against)
    named = dataclasses.replace(spec, metrics=both)
    swept = quantities.swept_cells(context, context.methods(spec))
    listed = quantities.of_cells(named, context, swept, "mean")
    trains = context.design.trains
    return [number for number in listed if trains(number.model, number.dataset)]


def own_estimates(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> dict[Quantity, Estimate]:
    """Our I(T;Y) at the compression ratio of each published marker, and of one further seed.

    A marker has none where the curve of some seed does not reach its ratio.
    """
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)

    @functools.cache
    def curves(
        dataset: str,
        model: str,
        metric: str,
    ) -> list[pd.DataFrame]:
        runs = compression.ratios(trained, dataset, model, metrics[0], metric)
        return compression.curves(runs)

    values = {}
    for quantity, _ in published.numbers(spec, context):
        of_seeds = curves(quantity.dataset, quantity.model, quantity.metric)
        grid = np.array([_ratio(quantity)])
        results = compression.informations(of_seeds, grid)[:, 0]
        if len(results) and np.isfinite(results).all():
            values[quantity] = further_run.estimate(results)
    return values


def _ratio(quantity: Quantity) -> float:
    """The compression ratio of a published marker."""
    return float(json.loads(quantity.params)["r"])


def _published(
    spec: Spec,
    context: Context,
) -> list[tuple[Any, ...]]:
    """One row per published marker, with the columns ``COLUMNS``, from left to right."""
    rows: dict[tuple[Any, ...], None] = {}
    for quantity, information in published.numbers(spec, context):
        r = _ratio(quantity)
        # All variants of a published name have the same markers, which count once.
        model = published.name(quantity.model, context)
        panel = published.title(quantity.dataset)
        identity = (panel, quantity.dataset, model, r, 0)
        rows[(*identity, r, information, None, None)] = None
    return list(rows)


def _ours(
    trained: pd.DataFrame,
    compressed: str,
    name: str,
    spec: Spec,
    context: Context,
) -> list[tuple[Any, ...]]:
    """One row per cell with both scores, with those columns."""
    rows: list[tuple[Any, ...]] = []
    for dataset in context.shown(spec):
        panel = f"ours: {names.dataset(dataset)}, {names.metric(name)}"
        for method in context.methods(spec):
            runs = compression.ratios(trained, dataset, method, compressed, name)
            for value, cell in runs.groupby("value"):
                rng = estimates.generator(dataset, method, str(value), name)
                results = cell["information"].to_numpy(dtype=float)
                mean = estimates.estimate(results, rng)
                r = float(cell["r"].mean())
                numbers = (mean.n, r, mean.value, mean.low, mean.high)
                rows.append((panel, dataset, method, value, *numbers))
    return rows


def _draw_panel(
    axes: Axes,
    points: pd.DataFrame,
    order: list[str],
) -> None:
    if points.empty:
        style.empty(axes, "no run has both scores")
        return
    colours = style.colours(order)
    here = set(points["model"])
    for position, method in enumerate(order):
        if method not in here:
            continue
        # Along the weight, not along r, which is not monotonic in it.
        line = points[points["model"] == method].sort_values("value")
        mark = style.mark(colours[method], position)
        n = int(line["n"].sum())
        label = f"{method}, n = {n}" if n else method
        r = line["r"]
        middle = line["information"].to_numpy(dtype=float)
        axes.plot(r, middle, lw=0.9, label=label, **mark)
        ends = line[["low", "high"]].T.to_numpy(dtype=float)
        if not np.isnan(ends).all():
            spread = np.abs(ends - middle)
            thin = {"color": mark["color"], "elinewidth": 0.6}
            axes.errorbar(r, middle, spread, ls="", **thin)
    axes.set_title(points["panel"].iloc[0], loc="left")
    axes.set(xlabel="compression ratio r", ylabel="I(T;Y), bits", xlim=(-0.05, 1.05))
    if points["information"].min() >= 0:
        axes.set_ylim(0, None)
    axes.legend(frameon=False, fontsize=6.5, loc="lower left")
    style.despine(axes)
