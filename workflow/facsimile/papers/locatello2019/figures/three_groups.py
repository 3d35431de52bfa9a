"""Scores of three groups of runs, by thirds of another score.

Locatello et al. 2019, Figs 22 and 23: downstream accuracy for groups with increasing DCI
disentanglement and MIG.
"""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data as base_data
from facsimile.figures.base import style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROUPS = ("lowest third", "middle third", "highest third")
SHADES = ("#c9c9c9", "#8d8d8d", "#3d3d3d")
COLUMNS = ["dataset", "by", "group", "metric", "mean", "low", "high", "n"]
WIDTH = 0.26  # of a bar


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set: for each score of ``metrics`` three bars, of thirds by ``against``.

    Without ``against`` the groups are thirds of the first of ``metrics``.
    """
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    by, *_ = [*spec.against, *metrics]
    tables = []
    with style.styled():
        width = 1.2 + 0.55 * len(metrics)
        figure, panels = style.grid(len(context.shown(spec)), width, 2.2, columns=2)
        for axes, dataset in zip(panels, context.shown(spec), strict=True):
            table = means(trained[trained["dataset"] == dataset], dataset, by, metrics)
            _draw_panel(axes, table, metrics)
            axes.set_title(names.dataset(dataset), loc="left")
            tables.append(table)
        style.finish(figure, spec, context, [_remark(by)])
    return Drawn(figure, base_data.joined(tables, COLUMNS))


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: the comparison looks up statistics over all runs."""
    return []


def means(
    trained: pd.DataFrame,
    dataset: str,
    by: str,
    metrics: list[str],
) -> pd.DataFrame:
    """Mean of each score in each group, with its interval over runs; the columns ``COLUMNS``.

    ``trained`` are scores of the trained runs of a data set. Groups are of equal size, but for the
    remainder; equal values of ``by`` are in the order of the runs. A run without ``by`` is in none.
    """
    wide = trained.pivot(index="run", columns="name", values="result").reindex(
        columns=list(dict.fromkeys([by, *metrics]))
    )
    ordered = wide[wide[by].notna()].sort_values(by, kind="stable")
    rows = []
    for group, positions in zip(GROUPS, np.array_split(np.arange(len(ordered)), 3), strict=True):
        for name in metrics:
            values = ordered.iloc[positions][name].dropna().to_numpy(dtype=float)
            rng = estimates.generator(dataset, by, group, name)
            mean = estimates.estimate(values, rng)
            rows.append((dataset, by, group, name, *astuple(mean)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _draw_panel(
    axes: Axes,
    table: pd.DataFrame,
    metrics: list[str],
) -> None:
    places = np.arange(len(metrics))
    for shift, group, shade in zip((-WIDTH, 0, WIDTH), GROUPS, SHADES, strict=True):
        bars = table[table["group"] == group]
        reach = [bars["mean"] - bars["low"], bars["high"] - bars["mean"]]
        height = bars["mean"].to_numpy(dtype=float)
        axes.bar(places + shift, height, WIDTH, color=shade, label=group)
        axes.errorbar(places + shift, height, np.stack(reach), fmt="none", ecolor="#000", lw=0.6)
    if not table["n"].any():
        style.empty(axes, "no runs with both scores")
    axes.set_xticks(places, names.scores(metrics), rotation=45, ha="right")
    axes.legend(fontsize=6, frameon=False)
    style.despine(axes)


def _remark(by: str) -> str:
    level = f"{100 * estimates.LEVEL:.0f} %"
    return f"Groups: thirds of the runs by {names.metric(by)}. Marks: {level} interval over runs."
