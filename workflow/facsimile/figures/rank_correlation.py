"""Rank correlation of scores over trained runs, as a heat map.

Locatello et al. 2019, Fig. 2, Fig. 4, centre, and Fig. 5. Each of the scores ``metrics`` with each
other, or with each of those of ``against`` if there are any.
"""

from __future__ import annotations

import itertools
from dataclasses import astuple
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import heat, style
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ["dataset", "metric_a", "metric_b", "spearman", "low", "high", "n"]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One heat map per data set; each square prints a correlation and its interval.

    A correlation is over the runs that have both scores.
    """
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    datasets = context.shown(spec)
    columns = list(spec.against) or metrics
    pairs = _pairs(metrics, spec)
    tables = []
    for dataset in datasets:
        tables.append(correlations(trained[trained["dataset"] == dataset], pairs, dataset))
    with style.styled():
        width = 1.5 + heat.CELL[0] * len(columns)
        height = 0.7 + heat.CELL[1] * len(metrics)
        figure, grid = style.panels(1, len(datasets), width, height, sharey=True)
        for axes, dataset, table in zip(grid.flat, datasets, tables, strict=True):
            _panel(axes, table, metrics, columns)
            title = heat.runs(table["n"])
            if len(datasets) > 1:
                title = f"{names.dataset(dataset)} · {title}"
            axes.set_title(title, loc="left", fontsize=8.5)
        heat.bar(figure, grid)
        style.finish(figure, spec, context, [heat.remark()])
    return Drawn(figure, pd.concat(tables, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The correlation of each pair of scores."""
    return quantities.of_pairs(spec, context, _pairs(context.metrics_of(spec), spec))


def correlations(
    trained: pd.DataFrame,
    pairs: heat.Pairs,
    dataset: str,
) -> pd.DataFrame:
    """Correlate pairs of scores on one data set.

    Parameters
    ----------
    trained
        Scores of trained runs, with a column ``name``.
    pairs
        Names of the scores to correlate.
    dataset
        The data set that the runs were trained on.

    Returns
    -------
    DataFrame
        One row per pair with the columns ``COLUMNS``; n is the number of runs that have both.
    """
    columns = list(dict.fromkeys(itertools.chain(*pairs)))
    wide = trained.pivot(index="run", columns="name", values="result")
    wide = wide.reindex(columns=columns).astype(float)
    correlations = heat.correlated(wide, pairs, dataset)
    rows = [(dataset, *pair, *astuple(correlations[pair])) for pair in pairs]
    return pd.DataFrame(rows, columns=COLUMNS)


def _pairs(metrics: list[str], spec: Spec) -> heat.Pairs:
    if spec.against:
        return list(itertools.product(metrics, spec.against))
    return list(itertools.combinations(metrics, 2))


def _panel(
    axes: Axes,
    table: pd.DataFrame,
    rows: list[str],
    columns: list[str],
) -> None:
    is_symmetric = rows == columns
    for row in table.to_dict("records"):
        correlation = heat.correlation_of(row)
        x = columns.index(row["metric_b"])
        y = rows.index(row["metric_a"])
        heat.cell(axes, x, y, correlation)
        # Each pair is computed once and drawn on both sides of the diagonal.
        if is_symmetric:
            heat.cell(axes, y, x, correlation)
    if is_symmetric:
        for i in range(len(rows)):
            heat.blank(axes, i)
    column_labels = [names.metric(name) for name in columns]
    row_labels = [names.metric(name) for name in rows]
    heat.frame(axes, column_labels, row_labels)
