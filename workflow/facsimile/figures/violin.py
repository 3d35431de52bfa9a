"""Scores of each method over hyper-parameters and seeds, as violins.

Locatello et al. 2019, Fig. 3, left, and those like it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import style, violins
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set and score, one violin per method, with its median and n.

    The controls' scores are vertical lines.
    """
    selected, metrics = select(scores, spec, context)
    shown = list(itertools.product(context.shown(spec), metrics))
    methods = context.methods(spec)
    with style.styled():
        # Inches: room for the title and the x axis, and for each violin.
        height = 0.62 + 0.3 * len(methods)
        figure, panels = style.grid(len(shown), 3.05, height, sharey=True)
        for axes, (dataset, name) in zip(panels, shown, strict=True):
            is_here = (selected["dataset"] == dataset) & (selected["name"] == name)
            _panel(axes, selected[is_here], methods, context)
            axes.set_title(style.panel_title(name, dataset, spec, context), loc="left")
        style.finish(figure, spec, context, [violins.remark(selected)], violins.legend())
    return Drawn(figure, violins.data(selected))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of each violin."""
    return quantities.of_models(spec, context, context.methods(spec), "median")


def _panel(
    axes: Axes,
    scores: pd.DataFrame,
    methods: list[str],
    context: Context,
) -> None:
    palette = style.colours(context.design.methods)
    groups = []
    for method in methods:
        values = scores.loc[scores["method"] == method, "result"].to_numpy(dtype=float)
        groups.append((names.model(method), values, palette[method]))
    violins.rows(axes, groups, scores[scores["control"].astype(bool)])
