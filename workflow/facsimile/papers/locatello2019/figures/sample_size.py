"""How scores depend on the number of points that a metric is computed on.

Locatello et al. 2020, sensitivity to sample size.
"""

from __future__ import annotations

import itertools
from dataclasses import astuple
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import heat, style
from facsimile.presentation import quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWS_VARIATIONS = True
STATISTICS = {"median": "median of the runs", "spearman": "rank correlation\nwith the most points"}
COLUMNS = ["dataset", "metric", "statistic", "model", "points", "value", "low", "high", "n"]
ALL_RUNS = {"color": style.INK, "marker": "o", "ms": 4.5}


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One column per data set and score.

    Above, the median of each method at each number of points; below, how well each number of points
    ranks runs as the largest does.
    """
    selected, metrics = select(scores, spec, context, variations=True)
    trained = without_controls(selected)
    # Variations that differ only in their number of points: same representation, same draw.
    is_mean = trained["representation"] == "mean"
    is_first_draw = trained["evaluation_seed"] == context.scale.evaluation.seed
    trained = trained[is_mean & is_first_draw]
    shown = list(itertools.product(context.shown(spec), metrics))
    tables = []
    with style.styled():
        figure, grid = style.panels(2, len(shown), 2.35, 1.9, sharex=True)
        for column, (dataset, name) in zip(grid.T, shown, strict=True):
            is_here = (trained["dataset"] == dataset) & (trained["plain"] == name)
            table = _table(trained[is_here], dataset, name, spec, context)
            sizes = sorted(set(table["points"]))
            for axes, statistic in zip(column, STATISTICS, strict=True):
                _panel(axes, table[table["statistic"] == statistic], sizes, context)
            column[0].set_title(style.panel_title(name, dataset, spec, context), loc="left")
            tables.append(table)
        for axes, text in zip(grid[:, 0], STATISTICS.values(), strict=True):
            axes.set_ylabel(text)
        # All correlations share their limits, with room for negative ones.
        lowest = min(-0.05, *(axes.get_ylim()[0] for axes in grid[1]))
        for axes in grid[1]:
            axes.set_ylim(lowest, 1.05)
        style.finish(figure, spec, context, [_remark()], style.method_legend(spec, context))
    return Drawn(figure, pd.concat(tables, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of each method at the study's own number of points."""
    return quantities.of_models(spec, context, context.methods(spec), "median")


def _table(
    scores: pd.DataFrame,
    dataset: str,
    name: str,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """Medians and rank correlations of one score on one data set, with the columns ``COLUMNS``."""
    medians = _medians(scores, dataset, name, spec, context)
    correlations = _correlations(scores, dataset, name)
    table = pd.concat([medians, correlations], ignore_index=True)
    return table.astype(dict.fromkeys(["points", "value", "low", "high"], float))


def _medians(
    scores: pd.DataFrame,
    dataset: str,
    name: str,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    rows = []
    for method in context.methods(spec):
        for points, runs in scores[scores["method"] == method].groupby("n_train"):
            # Seeded by what it is for, so that a band does not depend on the other marks.
            rng = estimates.generator(dataset, name, method, str(points))
            results = runs["result"].to_numpy(dtype=float)
            median = estimates.estimate(results, rng, estimates.median)
            rows.append((dataset, name, "median", method, points, *astuple(median)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _correlations(
    scores: pd.DataFrame,
    dataset: str,
    name: str,
) -> pd.DataFrame:
    """Spearman's correlation of each number of points with the largest.

    Over the runs that have both; none if they are too few.
    """
    wide = scores.pivot(index="run", columns="n_train", values="result").astype(float)
    rows = []
    for points in wide.columns[:-1]:
        both = wide[[points, wide.columns[-1]]].dropna().to_numpy()
        rng = estimates.generator(dataset, "spearman")
        correlation = estimates.spearman(both[:, 0], both[:, 1], rng)
        if correlation.n >= heat.CORRELATION_RUNS:
            rows.append((dataset, name, "spearman", "", points, *astuple(correlation)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _panel(
    axes: Axes,
    table: pd.DataFrame,
    sizes: list[float],
    context: Context,
) -> None:
    for model, line in table.groupby("model", sort=False):
        # Correlations are over the runs of all models.
        mark = style.method_mark(str(model), context) if model else ALL_RUNS
        points = line["points"]
        axes.plot(points, line["value"], lw=1.1, **mark)
        axes.fill_between(
            points,
            line["low"],
            line["high"],
            color=mark["color"],
            alpha=0.15,
            lw=0,
        )
    if table["value"].isna().all():
        style.empty(axes, "too few runs or sizes")
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(sizes)
    axes.xaxis.set_major_formatter(lambda points, _: f"{points:,.0f}")
    axes.tick_params(labelsize=7)
    style.despine(axes)


def _remark() -> str:
    level = f"{100 * estimates.LEVEL:.0f} %"
    few = f"a correlation needs {heat.CORRELATION_RUNS} runs"
    return (
        "To the right: training points that the metric is given. "
        f"Bands: {level} bootstrap interval over runs; {few}."
    )
