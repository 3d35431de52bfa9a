"""Median score of each method against the strength of its regularisation.

Locatello et al. 2019, Fig. 1 and Fig. 4, left.
"""

from __future__ import annotations

import itertools
from dataclasses import astuple
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHIFT = 0.07  # between methods, so that their intervals do not overlap
COLUMNS = ["dataset", "metric", "model", "value", "value_index", "median", "low", "high", "n"]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set and score, one line per method.

    The x axis is the position of a value in the sweep of its method, as the scales of the methods'
    hyper-parameters differ.
    """
    selected, metrics = select(scores, spec, context)
    swept = without_controls(selected[selected["value_index"].notna()])
    shown = list(itertools.product(context.shown(spec), metrics))
    medians = [_medians(swept, dataset, name, context) for dataset, name in shown]
    with style.styled():
        figure, panels = style.grid(len(shown), 3.05, 2.3)
        for axes, (dataset, name), table in zip(panels, shown, medians, strict=True):
            _panel(axes, table, spec, context)
            style.set_scale(axes, "y", spec)
            axes.set_title(style.panel_title(name, dataset, spec, context), loc="left")
        remarks = [_remark(medians), _positions(spec, context)]
        style.finish(figure, spec, context, remarks, style.method_legend(spec, context))
    return Drawn(figure, pd.concat(medians, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of each published value of each method that sweeps one hyper-parameter."""
    swept = quantities.swept_cells(context, context.methods(spec))
    return quantities.of_cells(spec, context, swept, "median")


def _medians(
    swept: pd.DataFrame,
    dataset: str,
    name: str,
    context: Context,
) -> pd.DataFrame:
    """Median over seeds of each value, with its interval and n; columns ``COLUMNS``."""
    scores = swept[(swept["dataset"] == dataset) & (swept["name"] == name)]
    rows = []
    for method in context.design.methods:
        of_method = scores[scores["method"] == method]
        for position, runs in of_method.groupby("value_index"):
            # Seeded by what it is for, so that an interval does not depend on the other marks.
            rng = estimates.generator(dataset, name, method, str(position))
            results = runs["result"].to_numpy(dtype=float)
            median = estimates.estimate(results, rng, estimates.median)
            value = runs["value"].iloc[0]
            rows.append((dataset, name, method, value, position, *astuple(median)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _panel(
    axes: Axes,
    table: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> None:
    palette = style.colours(context.design.methods)
    methods = context.methods(spec)
    for i, method in enumerate(methods):
        of_method = table[table["model"] == method]
        position = of_method["value_index"].to_numpy(dtype=float) + 1
        # Methods are shifted symmetrically around the position.
        x = position + SHIFT * (i - (len(methods) - 1) / 2)
        median = of_method["median"].to_numpy(dtype=float)
        mark = style.method_mark(method, context)
        axes.plot(x, median, lw=1.1, zorder=3, **mark)
        # A median without an interval gets a line of no length.
        low = of_method["low"].to_numpy(dtype=float)
        high = of_method["high"].to_numpy(dtype=float)
        low = np.where(np.isnan(low), median, low)
        high = np.where(np.isnan(high), median, high)
        axes.vlines(
            x,
            low,
            high,
            color=palette[method],
            lw=1.0,
            alpha=0.7,
        )
    if table.empty:
        style.empty(axes, "no scores")
    # Sweeps may differ in length; the axis has room for the longest.
    lengths = [len(context.sweep(method)) for method in context.design.methods]
    longest = max(lengths, default=0) or 1
    axes.set(
        xticks=range(1, longest + 1),
        xlim=(0.6, longest + 0.4),
        xlabel="position of the value in its sweep",
    )
    axes.grid(visible=False, axis="x")
    style.despine(axes, left=True)


def _positions(spec: Spec, context: Context) -> str:
    """``Positions: β-VAE β = 1, 2, 4; FactorVAE γ = 10, 20.``"""
    texts = []
    for method in context.methods(spec):
        if context.sweep(method):
            parameter = names.parameter(context.design.methods[method][0])
            values = ", ".join(f"{value:g}" for value in context.sweep(method))
            texts.append(f"{names.model(method)} {parameter} = {values}")
    return f"Positions: {'; '.join(texts)}."


def _remark(medians: list[pd.DataFrame]) -> str:
    counts = style.run_counts(pd.concat([table["n"] for table in medians]))
    level = f"{100 * estimates.LEVEL:.0f} %"
    return (
        f"Median over seeds ({counts} a point) and its {level} bootstrap interval, "
        "if two seeds differ."
    )
