"""Scores at each value of a method's hyper-parameter over seeds, as violins.

Locatello et al. 2019, Fig. 3, right, and those like it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import style, violins
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NARROW = 2.05  # inches, of a panel beside others
WIDE = 4.2  # inches, of the panel of a single method


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One row of panels per data set and score, one column per method, one violin per value.

    The panels of a row share their axis of scores.
    """
    selected, metrics = select(scores, spec, context)
    methods = [method for method in context.methods(spec) if context.sweep(method)]
    shown = list(itertools.product(context.shown(spec), metrics))
    several_methods = len(methods) > 1
    width = NARROW if several_methods else WIDE
    with style.styled():
        figure, grid = style.panels(len(shown), max(len(methods), 1), width, 1.75, sharex="row")
        for i, (dataset, name) in enumerate(shown):
            title = style.panel_title(name, dataset, spec, context)
            is_here = (selected["dataset"] == dataset) & (selected["name"] == name)
            for axes, method in zip(grid[i], methods, strict=False):
                _panel(axes, selected[is_here], method, context)
                if several_methods:
                    # Methods are named above the first row, scores beside the first column.
                    axes.set_title(names.model(method) if i == 0 else "", loc="left")
                    axes.set_ylabel(title if method == methods[0] else "", fontsize=9.5)
                else:
                    axes.set_title(f"{title} · {names.model(method)}", loc="left")
        style.finish(figure, spec, context, [violins.remark(selected)], violins.legend())
    return Drawn(figure, violins.data(selected))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of each violin."""
    swept = quantities.swept_cells(context, context.methods(spec))
    return quantities.of_cells(spec, context, swept, "median")


def _panel(
    axes: Axes,
    scores: pd.DataFrame,
    method: str,
    context: Context,
) -> None:
    parameter = names.parameter(context.design.methods[method][0])
    colour = style.colours(context.design.methods)[method]
    of_method = scores[scores["method"].isin([method, *context.design.controls])]
    values = {}
    for value, runs in of_method.groupby("value"):
        values[value] = runs["result"].to_numpy(dtype=float)
    groups = []
    for value in context.sweep(method):
        results = values.get(value, np.zeros(0))
        groups.append((f"{parameter} = {value:g}", results, colour))
    violins.rows(axes, groups, of_method[of_method["control"].astype(bool)])
    axes.tick_params(labelsize=7)
