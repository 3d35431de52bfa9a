"""Scores against data sets in their order: how far each makes what is learned hard (Michlo et al. 2023, Fig. 9)."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from facsimile.figures import Drawn
from facsimile.figures.base import labels, style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One panel a score, one line a cell through the medians of its runs, which are points; data sets in the spec's order."""
    found, wanted = select(scores, spec, context)
    own = labels.cells(found[~found["control"].astype(bool)])
    shown, cells = context.shown(spec), list(dict.fromkeys(own["cell"]))
    marks = {cell: _marked(cell, i, len(cells)) for i, cell in enumerate(cells)}
    with style.styled():
        figure, panels = style.grid(len(wanted), 3.6, 2.6, columns=2)
        for axes, name in zip(panels, wanted, strict=True):
            _panel(axes, own[own["name"] == name], shown, marks)
            axes.set_title(names.metric(name), loc="left")
            style.scale(axes, "y", spec)
        legend = [Line2D([], [], lw=1.1, label=cell, **mark) for cell, mark in marks.items()]
        style.finish(figure, spec, context, [labels.remark(own, "Lines: medians")], legend)
    return Drawn(figure, labels.data(own))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of every method on every data set."""
    return labels.quantities(spec, context)


def _panel(
    axes: Axes, own: pd.DataFrame, shown: list[str], marks: dict[str, dict[str, Any]]
) -> None:
    place = {dataset: x for x, dataset in enumerate(shown)}
    for cell, runs in own.groupby("cell", sort=False):
        mark = marks[str(cell)]
        axes.plot(runs["dataset"].map(place), runs["result"], ls="", alpha=0.55, **mark)
        middle = runs.groupby("dataset")["result"].median().reindex(shown).to_numpy(dtype=float)
        axes.plot(
            np.arange(len(shown))[~np.isnan(middle)],
            middle[~np.isnan(middle)],
            lw=1.1,
            color=mark["color"],
        )
    if own.empty:
        style.empty(axes, "no scores")
    said = [names.dataset(dataset).replace(" (", "\n(") for dataset in shown]
    axes.set(xticks=range(len(shown)), xticklabels=said, xlim=(-0.4, len(shown) - 0.6))
    axes.tick_params(axis="x", labelsize=6.5)
    axes.grid(visible=False, axis="x")
    sns.despine(ax=axes, left=True)


def _marked(cell: str, position: int, count: int) -> dict[str, Any]:
    marker = style.MARKERS[position % len(style.MARKERS)]
    return {
        "color": sns.color_palette("colorblind", count)[position],
        "marker": marker,
        "ms": 4.5,
        "mec": "white",
        "mew": 0.4,
    }
