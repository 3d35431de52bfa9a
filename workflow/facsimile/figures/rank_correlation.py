"""Spearman rank correlation of scores over trained runs, as a heat map (Locatello et al. 2019, Fig. 2, 4 centre and 5).

Without ``against``, each of the scores ``metrics`` with each other; else those of ``metrics`` with those of ``against``.
"""

import itertools

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import heat, style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics.estimates import Estimate

COLUMNS = ["dataset", "metric_a", "metric_b", "spearman", "low", "high", "n"]


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One heat map a data set; each cell prints the correlation and its interval, runs that lack either score left out."""
    found, wanted = select(scores, spec, context)
    trained = found[~found["control"].astype(bool)]
    shown, columns = context.shown(spec), list(spec.against) or wanted
    tables = [
        correlations(trained[trained["dataset"] == dataset], _pairs(wanted, spec.against), dataset)
        for dataset in shown
    ]
    with style.styled():
        width, height = 1.5 + heat.CELL[0] * len(columns), 0.7 + heat.CELL[1] * len(wanted)
        figure, grid = style.panels(1, len(shown), width, height, sharey=True)
        for axes, dataset, table in zip(grid.flat, shown, tables, strict=True):
            _panel(axes, table, wanted, columns)
            axes.set_title(
                (f"{names.dataset(dataset)} · " if len(shown) > 1 else "") + _runs(table),
                loc="left",
                fontsize=8.5,
            )
        heat.bar(figure, grid)
        style.finish(figure, spec, context, [heat.remark()])
    return Drawn(figure, pd.concat(tables, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The correlation of every two scores, for the paper's data sets and those drawn here."""
    pairs = _pairs(context.metrics_of(spec), spec.against)
    return [
        Quantity(spec.id, d, "", "", f"{a} ~ {b}", "spearman")
        for d in context.paper_and_shown(spec)
        for a, b in pairs
    ]


def correlations(trained: pd.DataFrame, pairs: heat.Pairs, dataset: str) -> pd.DataFrame:
    """A row for every two scores: correlation, interval, and n, the runs that have both."""
    wanted = list(dict.fromkeys(itertools.chain(*pairs)))
    wide = (
        trained.pivot(index="run", columns="name", values="result")
        .reindex(columns=wanted)
        .astype(float)
    )
    found = heat.correlated(wide, pairs, dataset)
    return pd.DataFrame([(dataset, *pair, *found[pair]) for pair in pairs], columns=COLUMNS)


def _pairs(wanted: list[str], against: tuple[str, ...]) -> heat.Pairs:
    return (
        list(itertools.product(wanted, against))
        if against
        else list(itertools.combinations(wanted, 2))
    )


def _panel(axes: Axes, table: pd.DataFrame, rows: list[str], columns: list[str]) -> None:
    symmetric = rows == columns
    for row in table.to_dict("records"):
        found = Estimate(row["spearman"], row["low"], row["high"], int(row["n"]))
        x, y = columns.index(row["metric_b"]), rows.index(row["metric_a"])
        for at in [(x, y), (y, x)][: 1 + symmetric]:
            heat.cell(axes, *at, found)
    for i in np.arange(len(rows)) if symmetric else ():
        heat.blank(axes, int(i))
    heat.frame(axes, list(map(names.metric, columns)), list(map(names.metric, rows)))


def _runs(table: pd.DataFrame) -> str:
    return (
        heat.runs(int(table["n"].min()), int(table["n"].max())) if len(table) else heat.runs(0, 0)
    )
