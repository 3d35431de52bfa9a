"""Scores on the first data set against those on the others, one point per setting.

Locatello et al. 2019, Fig. 18: medians over seeds of each method and strength.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data as base_data
from facsimile.figures.base import style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SETTING = ["method", "params"]
COLUMNS = ["metric", "dataset_x", "dataset_y", "model", "params", "x", "y", "n_x", "n_y"]
REMARK = "A point is the median over the seeds of a method and strength on both data sets."


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One row of panels per score, one column per data set but the first.

    A scale with a single data set has no points, and the figure says so.
    """
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    first, *others = context.shown(spec)
    tables = []
    with style.styled():
        figure, grid = style.panels(len(metrics), max(1, len(others)), 2.0, 1.8)
        for row, name in zip(grid, metrics, strict=True):
            for axes, other in itertools.zip_longest(row, others):
                if other is None:
                    alone = names.dataset(first)
                    style.empty(axes, f"needs two data sets;\nhere is {alone} alone")
                    continue
                table = points(trained[trained["name"] == name], first, other, name)
                _draw_panel(axes, table, context)
                axes.set_title(names.metric(name), loc="left", fontsize=8)
                axes.set_xlabel(names.dataset(first))
                axes.set_ylabel(names.dataset(other))
                tables.append(table)
        legend = style.method_legend(spec, context, lw=0)
        style.finish(figure, spec, context, [REMARK], legend)
    return Drawn(figure, base_data.joined(tables, COLUMNS))


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: the comparison looks up numbers of one data set only."""
    return []


def points(
    trained: pd.DataFrame,
    first: str,
    other: str,
    name: str,
) -> pd.DataFrame:
    """One row per setting that both data sets have, with the columns ``COLUMNS``.

    ``trained`` are the values of one score, of trained runs, with a column ``method``.
    """
    sides = []
    for dataset in (first, other):
        here = trained[trained["dataset"] == dataset]
        side = here.groupby(SETTING, sort=False)["result"].agg(["median", "count"])
        sides.append(side.reset_index())
    joined = sides[0].merge(sides[1], on=SETTING)
    renamed = {"method": "model", "median_x": "x", "median_y": "y", "count_x": "n_x"}
    table = joined.rename(columns=renamed | {"count_y": "n_y"})
    return table.assign(metric=name, dataset_x=first, dataset_y=other)[COLUMNS]


def _draw_panel(
    axes: Axes,
    table: pd.DataFrame,
    context: Context,
) -> None:
    for method, dots in table.groupby("model", sort=False):
        mark = style.method_mark(str(method), context)
        axes.plot(dots["x"], dots["y"], lw=0, alpha=0.8, **mark)
    if table.empty:
        style.empty(axes, "no setting\nis scored on both")
    style.despine(axes)
