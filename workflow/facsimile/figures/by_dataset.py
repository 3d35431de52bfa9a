"""Scores against data sets in their order (Michlo et al. 2023, Fig. 9).

It shows how hard the order makes the task of learning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import labels, style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Marks = dict[str, dict[str, Any]]
"""Cell -> keyword arguments of ``Axes.plot`` for its markers."""


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per score, one line per cell through the medians of its runs.

    The runs themselves are points; data sets are in the spec's order.
    """
    selected, metrics = select(scores, spec, context)
    trained = labels.cells(without_controls(selected))
    cells = list(dict.fromkeys(trained["cell"]))
    palette = style.palette(len(cells))
    marks = {cell: style.mark(palette[i], i) for i, cell in enumerate(cells)}
    with style.styled():
        figure, panels = style.grid(len(metrics), 3.6, 2.6, columns=2)
        for axes, name in zip(panels, metrics, strict=True):
            _panel(axes, trained[trained["name"] == name], context.shown(spec), marks)
            axes.set_title(names.metric(name), loc="left")
            style.set_scale(axes, "y", spec)
        legend = []
        for cell, mark in marks.items():
            legend.append(style.legend_line(lw=1.1, label=cell, **mark))
        remark = labels.remark(trained, "Lines: medians")
        style.finish(figure, spec, context, [remark], legend)
    return Drawn(figure, labels.data(trained))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of each method on each data set."""
    return labels.medians(spec, context)


def _panel(
    axes: Axes,
    scores: pd.DataFrame,
    datasets: list[str],
    marks: Marks,
) -> None:
    position = {dataset: x for x, dataset in enumerate(datasets)}
    for cell, runs in scores.groupby("cell", sort=False):
        mark = marks[str(cell)]
        x = runs["dataset"].map(position)
        axes.plot(
            x,
            runs["result"],
            ls="",
            alpha=0.55,
            **mark,
        )
        medians = runs.groupby("dataset")["result"].median().reindex(datasets)
        values = medians.to_numpy(dtype=float)
        # The line goes straight past data sets that have no run.
        has_runs = ~np.isnan(values)
        places = np.flatnonzero(has_runs)
        axes.plot(places, values[has_runs], lw=1.1, color=mark["color"])
    if scores.empty:
        style.empty(axes, "no scores")
    ticks = [names.dataset(dataset).replace(" (", "\n(") for dataset in datasets]
    axes.set(
        xticks=range(len(datasets)),
        xticklabels=ticks,
        xlim=(-0.4, len(datasets) - 0.6),
    )
    axes.tick_params(axis="x", labelsize=6.5)
    axes.grid(visible=False, axis="x")
    style.despine(axes, left=True)
