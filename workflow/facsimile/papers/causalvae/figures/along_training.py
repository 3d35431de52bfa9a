"""Scores of the states along training against the number of steps."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data as base_data
from facsimile.figures.base import style
from facsimile.presentation.context import Context
from facsimile.presentation.select import trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ["dataset", "metric", "model", "steps", "mean", "least", "most", "n"]
STEP = r"^(?P<plain>.+)@step_(?P<steps>\d+)$"
REMARK = "Lines: mean over seeds; shaded: all seeds."


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set and score, one line per method.

    The states are those that the study keeps (``snapshots``) and the end of training.
    """
    of_states = _of_states(trained(scores, spec, context))
    shown = list(itertools.product(context.shown(spec), spec.metrics))
    tables = []
    with style.styled():
        figure, panels = style.grid(max(1, len(shown)), 3.4, 2.4, columns=2)
        for axes, (dataset, name) in zip(panels, shown, strict=False):
            table = _points(of_states, dataset, name, context.methods(spec))
            _draw_panel(axes, table, context)
            axes.set_title(style.panel_title(name, dataset, spec, context), loc="left")
            tables.append(table)
        style.finish(figure, spec, context, [REMARK], style.method_legend(spec, context))
    return Drawn(figure, base_data.joined(tables, COLUMNS))


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: the comparison looks up scores of states by name."""
    return []


def _of_states(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows ``metric.score@step_n``, with columns ``plain`` and ``steps``."""
    parts = scores["name"].astype(str).str.extract(STEP)
    found = scores.assign(plain=parts["plain"], steps=parts["steps"])
    found = found[found["steps"].notna()]
    return found.assign(steps=found["steps"].astype(int))


def _points(
    of_states: pd.DataFrame,
    dataset: str,
    name: str,
    methods: list[str],
) -> pd.DataFrame:
    """One row per method and number of steps, with the columns ``COLUMNS``."""
    here = of_states[(of_states["dataset"] == dataset) & (of_states["plain"] == name)]
    rows = []
    for method in methods:
        for steps, runs in here[here["method"] == method].groupby("steps"):
            results = runs["result"]
            ends = (results.min(), results.max())
            rows.append((dataset, name, method, steps, results.mean(), *ends, len(runs)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _draw_panel(
    axes: Axes,
    table: pd.DataFrame,
    context: Context,
) -> None:
    for method, line in table.groupby("model", sort=False):
        mark = style.method_mark(str(method), context)
        axes.plot(line["steps"], line["mean"], lw=1.1, **mark)
        axes.fill_between(
            line["steps"], line["least"], line["most"], color=mark["color"], alpha=0.15, lw=0
        )
    if table.empty:
        style.empty(axes, "no states along training are kept")
    axes.set_xlabel("steps")
    axes.xaxis.set_major_formatter(lambda steps, _: f"{steps:,.0f}")
    style.despine(axes)
