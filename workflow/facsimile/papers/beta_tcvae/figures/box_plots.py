"""Box plots of a score over the runs of each method, beside the boxes that the authors printed.

Chen et al. 2018, distribution of MIG. Whiskers reach the last run within 1.5 interquartile ranges.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import style, violins
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

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
    "all runs of a method, values of its hyper-parameter and seeds together, with the runs as "
    "points. What the published boxes pool is not stated."
)
COLUMNS = ["panel", "dataset", "label", "n", *PARTS]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """A panel of published boxes per data set that has some, then one of ours per data set."""
    selected, [name] = select(scores, spec, context)
    trained = without_controls(selected)
    rows = [*_published(spec, context), *_ours(trained, spec, context)]
    boxes = pd.DataFrame(rows, columns=COLUMNS)
    panels = list(dict.fromkeys(boxes["panel"])) or [""]
    with style.styled():
        figure, grid = style.grid(len(panels), 3.3, 2.1, columns=2, sharex=True)
        for axes, panel in zip(grid, panels, strict=True):
            shown = boxes[boxes["panel"] == panel]
            _draw_panel(axes, shown, trained)
            axes.set_title(panel, loc="left")
            axes.set_xlabel(names.metric(name))
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, boxes)


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The five numbers of each method's box, on the data sets on which it is trained."""
    listed = []
    for statistic in PARTS:
        listed += quantities.of_models(spec, context, context.methods(spec), statistic)
    return [number for number in listed if context.design.trains(number.model, number.dataset)]


def _ours(trained: pd.DataFrame, spec: Spec, context: Context) -> list[tuple[Any, ...]]:
    """One row per method with runs, with the columns ``COLUMNS``."""
    rows = []
    for dataset in context.shown(spec):
        panel = f"ours: {names.dataset(dataset)}"
        for method in context.methods(spec):
            chosen = (trained["dataset"] == dataset) & (trained["method"] == method)
            results = trained.loc[chosen, "result"].to_numpy(dtype=float)
            if results.size:
                numbers = [float(estimates.STATISTICS[part](results)) for part in PARTS]
                rows.append((panel, dataset, method, results.size, *numbers))
    return rows


def _published(spec: Spec, context: Context) -> list[tuple[Any, ...]]:
    """One row per published box of which all five numbers are known, with those columns."""
    boxes: dict[tuple[str, str, str], dict[str, float]] = {}
    for quantity, value in context.published.authors.items():
        if quantity.artefact == spec.id and quantity.statistic in PARTS:
            key = (quantity.dataset, quantity.model, quantity.params)
            boxes.setdefault(key, {})[quantity.statistic] = value
    shown = {*context.methods(spec), *context.design.not_made}
    rows = []
    for (dataset, model, params), parts in boxes.items():
        if model in shown and len(parts) == len(PARTS):
            label = " ".join(filter(None, [names.model(model), names.settings(params or "{}")]))
            numbers = [parts[part] for part in PARTS]
            rows.append((f"published: {names.dataset(dataset)}", dataset, label, 0, *numbers))
    return rows


def _draw_panel(axes: Axes, boxes: pd.DataFrame, trained: pd.DataFrame) -> None:
    if boxes.empty:
        style.empty(axes, "no runs")
        return
    colours = style.palette(len(boxes))
    for place, box in enumerate(boxes.to_dict("records")):
        _draw_box(axes, box, place, colours[place])
        chosen = (trained["dataset"] == box["dataset"]) & (trained["method"] == box["label"])
        results = trained.loc[chosen, "result"].to_numpy(dtype=float)
        if box["n"]:
            heights = place + violins.jitter(results.size)
            axes.plot(results, heights, "o", ms=2.2, mew=0, color=style.INK, alpha=0.5, zorder=3)
    labels = [_label(box) for box in boxes.to_dict("records")]
    axes.set(yticks=range(len(boxes)), yticklabels=labels, ylim=(len(boxes) - 0.4, -0.6))
    axes.grid(visible=False, axis="y")
    style.despine(axes, left=True)


def _label(box: Mapping[Any, Any]) -> str:
    return f"{box['label']}, n = {box['n']}" if box["n"] else str(box["label"])


def _draw_box(axes: Axes, box: Mapping[Any, Any], place: int, colour: Any) -> None:
    parts: dict[str, Any] = {PARTS[part]: box[part] for part in PARTS}
    line = {"color": style.INK, "lw": 0.8}
    axes.bxp(
        [parts | {"fliers": np.array([])}],
        positions=[place],
        widths=0.5,
        orientation="horizontal",
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": colour, "alpha": 0.45, "edgecolor": style.INK, "lw": 0.6},
        medianprops=line | {"lw": 1.6},
        whiskerprops=line,
        capprops=line,
    )
