"""Rank correlation of one score between data sets (Locatello et al. 2019, Fig. 4, right).

Do the same models score well on both? Runs are matched by method, hyper-parameters and seed.
"""

from __future__ import annotations

import itertools
from dataclasses import astuple
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import heat, style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONFIGURATION = ["method", "params", "seed"]
COLUMNS = ["metric", "dataset_a", "dataset_b", "spearman", "low", "high", "n"]
MAPS_PER_ROW = 3


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One heat map per score: data sets against data sets.

    A scale with a single data set has no correlations, and the figure says so.
    """
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    datasets = context.shown(spec)
    tables = []
    for name in metrics:
        tables.append(correlations(trained[trained["name"] == name], datasets, name))
    columns = min(MAPS_PER_ROW, len(metrics))
    rows = -(-len(metrics) // columns)
    with style.styled():
        width = 1.4 + heat.CELL[0] * max(len(datasets), 3)
        height = 0.9 + heat.CELL[1] * max(len(datasets), 2)
        figure, grid = style.panels(rows, columns, width, height)
        for axes, name, table in zip(grid.flat, metrics, tables, strict=False):
            _panel(axes, table, datasets)
            axes.set_title(_title(name, table), loc="left", fontsize=8.5)
        for axes in grid.flat[len(metrics) :]:
            axes.set_axis_off()
        heat.bar(figure, grid)
        style.finish(figure, spec, context, [heat.remark()])
    return Drawn(figure, pd.concat(tables, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: the comparison looks up numbers of one data set only."""
    return []


def correlations(
    trained: pd.DataFrame,
    datasets: list[str],
    name: str,
) -> pd.DataFrame:
    """Correlate one score between all pairs of data sets.

    Parameters
    ----------
    trained
        The values of the score, of trained runs, with a column ``method``.
    datasets
        Data sets in their order.
    name
        The score, ``metric.score``.

    Returns
    -------
    DataFrame
        One row per pair with the columns ``COLUMNS``; n is the number of configurations that both
        data sets have.
    """
    wide = trained.pivot(index=CONFIGURATION, columns="dataset", values="result")
    wide = wide.reindex(columns=datasets).astype(float)
    pairs = list(itertools.combinations(datasets, 2))
    correlations = heat.correlated(wide, pairs, name)
    rows = [(name, *pair, *astuple(correlations[pair])) for pair in pairs]
    return pd.DataFrame(rows, columns=COLUMNS)


def _title(name: str, table: pd.DataFrame) -> str:
    if table.empty:
        return names.metric(name)
    return f"{names.metric(name)} · {heat.runs(table['n'])}"


def _panel(
    axes: Axes,
    table: pd.DataFrame,
    datasets: list[str],
) -> None:
    for row in table.to_dict("records"):
        correlation = heat.correlation_of(row)
        a = datasets.index(row["dataset_a"])
        b = datasets.index(row["dataset_b"])
        heat.cell(axes, a, b, correlation)
        heat.cell(axes, b, a, correlation)
    if len(datasets) < 2:
        shown = names.enumeration([names.dataset(dataset) for dataset in datasets])
        axes.set_axis_off()
        style.empty(axes, f"needs two data sets;\nhere is {shown} alone")
        return
    for i in range(len(datasets)):
        heat.blank(axes, i)
    labels = [names.dataset(dataset).replace("-", "-\n") for dataset in datasets]
    heat.frame(axes, labels, labels)
