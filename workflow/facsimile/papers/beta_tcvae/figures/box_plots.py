"""Box plots of a score over the runs of each method, beside the boxes that the authors printed.

Chen et al. 2018, distribution of MIG. Whiskers reach the last run within 1.5 interquartile ranges.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import published, published_panels, style, violins
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates
from facsimile.statistics.estimates import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Key = tuple[str, str, str]
# Statistic -> what Matplotlib calls it in a box.
PARTS = {
    "lower whisker": "whislo",
    "lower quartile": "q1",
    "median": "med",
    "upper quartile": "q3",
    "upper whisker": "whishi",
}
REMARK = (
    "Box: quartiles and median; whiskers: the last run within 1.5 interquartile ranges. Ours: over "
    "all runs of a method, values of its hyper-parameter and seeds together; points are the runs. "
    "Which runs the published boxes pool is not stated."
)
RUN: dict[str, Any] = {"ms": 2.2, "mew": 0, "color": style.INK, "alpha": 0.5, "zorder": 3}
COLUMNS = ["panel", "metric", "dataset", "label", "n", *PARTS]
WIDTH = 3.6  # of a panel, in inches
ROW = 0.42  # height of a box with its margin, in inches


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """Per score, a panel of published boxes per data set that has some, and one of ours."""
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    rows = []
    for name in metrics:
        of_score = trained[trained["name"] == name]
        rows += _boxes(name, spec, context)
        rows += _ours(of_score, name, spec, context)
    boxes = pd.DataFrame(rows, columns=COLUMNS)
    panels = published_panels.split(boxes, ["panel", "metric"])
    height = 0.8 + ROW * max(map(len, panels))
    draw_panel = functools.partial(_draw_panel, trained=trained)
    figure = published_panels.drawn(
        panels,
        (WIDTH, height),
        draw_panel,
        spec,
        context,
        REMARK,
    )
    return Drawn(figure, boxes)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """The five numbers of each method's box, on the data sets on which it is trained."""
    methods = context.methods(spec)
    trains = context.design.trains
    listed = []
    for statistic in PARTS:
        listed += quantities.of_models(spec, context, methods, statistic)
    return [number for number in listed if trains(number.model, number.dataset)]


def _ours(
    trained: pd.DataFrame,
    name: str,
    spec: Spec,
    context: Context,
) -> list[tuple[Any, ...]]:
    """One row per method with runs, with the columns ``COLUMNS``; ``trained`` has one score."""
    rows: list[tuple[Any, ...]] = []
    for dataset in context.shown(spec):
        title = f"ours: {names.dataset(dataset)}"
        for method in context.methods(spec):
            box = {"dataset": dataset, "metric": name, "label": method}
            results = _results(trained, box)
            if results.size:
                statistics = [estimates.STATISTICS[part] for part in PARTS]
                numbers = [float(statistic(results)) for statistic in statistics]
                identity = (title, name, dataset, method)
                rows.append((*identity, results.size, *numbers))
    return rows


def _boxes(
    name: str,
    spec: Spec,
    context: Context,
) -> list[tuple[Any, ...]]:
    """One row per published box of which all five numbers are known, with those columns."""
    boxes: dict[Key, dict[str, float]] = {}
    for quantity, value in published.numbers(spec, context):
        if quantity.metric == name and quantity.statistic in PARTS:
            key = (quantity.dataset, quantity.model, quantity.params)
            boxes.setdefault(key, {})[quantity.statistic] = value
    rows: list[tuple[Any, ...]] = []
    for (dataset, model, params), parts in boxes.items():
        if len(parts) == len(PARTS):
            settings = names.settings(params or "{}")
            label = f"{published.name(model, context)} {settings}".strip()
            numbers = [parts[part] for part in PARTS]
            title = published.title(dataset)
            identity = (title, name, dataset, label)
            rows.append((*identity, 0, *numbers))
    return rows


def _draw_panel(
    axes: Axes,
    boxes: pd.DataFrame,
    trained: pd.DataFrame,
) -> None:
    if boxes.empty:
        style.empty(axes, "no runs")
        return
    listed = boxes.to_dict("records")
    colours = style.palette(len(boxes))
    for place, box in enumerate(listed):
        _draw_box(axes, box, place, colours[place])
        if box["n"]:
            _draw_runs(axes, _results(trained, box), place)
    labels = [_label(box) for box in listed]
    metric = names.metric(listed[0]["metric"])
    axes.set_yticks(range(len(boxes)), labels)
    axes.set(xlabel=metric, ylim=(len(boxes) - 0.4, -0.6))
    axes.set_title(listed[0]["panel"], loc="left")
    axes.grid(visible=False, axis="y")
    style.despine(axes, left=True)


def _results(
    trained: pd.DataFrame,
    box: Mapping[Any, Any],
) -> Array:
    """The scores [n] of the runs of a box."""
    chosen = trained["dataset"] == box["dataset"]
    chosen &= trained["name"] == box["metric"]
    chosen &= trained["method"] == box["label"]
    return trained.loc[chosen, "result"].to_numpy(dtype=float)


def _draw_runs(
    axes: Axes,
    results: Array,
    place: int,
) -> None:
    heights = place + violins.jitter(results.size)
    axes.plot(results, heights, "o", **RUN)


def _label(box: Mapping[Any, Any]) -> str:
    label = names.model(box["label"])
    return f"{label}, n = {box['n']}" if box["n"] else label


def _draw_box(
    axes: Axes,
    box: Mapping[Any, Any],
    place: int,
    colour: Any,
) -> None:
    parts: dict[str, Any] = {"fliers": np.array([])}
    for part, name in PARTS.items():
        parts[name] = box[part]
    line = {"color": style.INK, "lw": 0.8}
    filled = {"facecolor": colour, "alpha": 0.45, "edgecolor": style.INK, "lw": 0.6}
    axes.bxp(
        [parts],
        positions=[place],
        widths=0.5,
        orientation="horizontal",
        patch_artist=True,
        manage_ticks=False,
        boxprops=filled,
        medianprops=line | {"lw": 1.6},
        whiskerprops=line,
        capprops=line,
    )
