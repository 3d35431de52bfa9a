"""Rank correlation of one score between data sets: do the same models score well on both? (Locatello et al. 2019, Fig. 4 right)

Runs are matched by method, hyper-parameters and seed.
"""

import itertools

import pandas as pd
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import heat, style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics.estimates import Estimate

CONFIGURATION = ["model", "params", "seed"]
COLUMNS = ["metric", "dataset_a", "dataset_b", "spearman", "low", "high", "n"]
PER_ROW = 3


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One heat map a score, data sets against data sets; a single data set has nothing to be correlated with, and says so."""
    found, wanted = select(scores, spec, context)
    trained = found[~found["control"].astype(bool)]
    shown = context.shown(spec)
    tables = [correlations(trained[trained["name"] == name], shown, name) for name in wanted]
    columns = min(PER_ROW, len(wanted))
    with style.styled():
        width, height = (
            1.4 + heat.CELL[0] * max(len(shown), 3),
            0.9 + heat.CELL[1] * max(len(shown), 2),
        )
        figure, grid = style.panels(-(-len(wanted) // columns), columns, width, height)
        for axes, name, table in zip(grid.flat, wanted, tables, strict=False):
            _panel(axes, table, shown)
            n = table["n"]
            runs = f" · {heat.runs(int(n.min()), int(n.max()))}" if len(n) else ""
            axes.set_title(names.metric(name) + runs, loc="left", fontsize=8.5)
        for axes in grid.flat[len(wanted) :]:
            axes.set_axis_off()
        heat.bar(figure, grid)
        style.finish(figure, spec, context, [heat.remark()])
    return Drawn(figure, pd.concat(tables, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: the comparison knows numbers of one data set."""
    return []


def correlations(trained: pd.DataFrame, shown: list[str], name: str) -> pd.DataFrame:
    """A row for every two data sets: correlation of one score, interval, and n, the configurations that both have."""
    wide = (
        trained.pivot(index=CONFIGURATION, columns="dataset", values="result")
        .reindex(columns=shown)
        .astype(float)
    )
    pairs = list(itertools.combinations(shown, 2))
    found = heat.correlated(wide, pairs, name)
    return pd.DataFrame([(name, *pair, *found[pair]) for pair in pairs], columns=COLUMNS)


def _panel(axes: Axes, table: pd.DataFrame, shown: list[str]) -> None:
    for row in table.to_dict("records"):
        found = Estimate(row["spearman"], row["low"], row["high"], int(row["n"]))
        a, b = shown.index(row["dataset_a"]), shown.index(row["dataset_b"])
        heat.cell(axes, a, b, found)
        heat.cell(axes, b, a, found)
    if len(shown) < 2:
        axes.set_axis_off()
        style.empty(
            axes,
            f"needs two data sets;\nhere is {names.listed([names.dataset(d) for d in shown])} alone",
        )
        return
    for i in range(len(shown)):
        heat.blank(axes, i)
    labels = [names.dataset(dataset).replace("-", "-\n") for dataset in shown]
    heat.frame(axes, labels, labels)
