"""Scores by iteration, beside the vertices of the authors' curves.

Yu et al. 2024, the example of two Gaussians. A score ``x_0`` stands for ``x_0``, ``x_5``, ….
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.papers.cs_ib.metrics.divergence_descent import VERTICES
from facsimile.presentation import quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (3.4, 2.8)  # of a panel, in inches
PUBLISHED = "published"
TITLES = {"cs_divergence": "D_CS, nats", "squared_mmd": "MMD², squared discrepancy"}
CIRCLE: dict[str, Any] = {
    "ls": "",
    "marker": "o",
    "ms": 3.5,
    "mfc": "none",
    "color": style.INK,
}
COLUMNS = ["dataset", "metric", "model", "iteration", "mean", "least", "most", "n"]
REMARK = (
    "Lines: mean over seeds; shaded: all seeds, each with points of its own. Circles: vertices of "
    "the authors' curve, of one run. Step 0 is drawn at 1."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per score, with a line per method."""
    chosen = trained(scores, spec, context)
    tables = [_points(chosen, name, spec, context) for name in _curves(spec)]
    with style.styled():
        figure, panels = style.grid(max(1, len(tables)), *SIZE, columns=2)
        for axes, name, table in zip(panels, _curves(spec), tables, strict=True):
            _draw_panel(axes, table, name, context.methods(spec))
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, pd.concat(tables, ignore_index=True))


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """The mean of each method at each vertex of the authors' curves."""
    numbered = []
    for name in _curves(spec):
        # Only these two scores have published curves.
        vertices = VERTICES.get(name.partition(".")[2], ())
        numbered += [f"{name}_{vertex}" for vertex in vertices]
    of_vertices = dataclasses.replace(spec, metrics=tuple(numbered))
    return quantities.of_models(of_vertices, context, context.methods(spec), "mean")


def _curves(spec: Spec) -> list[str]:
    """Names of the scores without the iteration."""
    return [name.removesuffix("_0") for name in spec.metrics]


def _points(
    trained: pd.DataFrame,
    name: str,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """One row per method and iteration, and per published vertex, with the columns ``COLUMNS``."""
    pattern = re.compile(re.escape(name) + r"_(\d+)")
    rows: list[tuple[Any, ...]] = []
    here = trained[trained["name"].str.fullmatch(pattern.pattern)]
    cell = ["dataset", "method", "name"]
    for (dataset, method, score), runs in here.groupby(cell):
        results = runs["result"]
        identity = (dataset, name, method, _iteration(pattern, str(score)))
        ends = (results.min(), results.max())
        rows.append((*identity, results.mean(), *ends, len(results)))
    for quantity, value in context.published.authors.items():
        if quantity.artefact == spec.id and pattern.fullmatch(quantity.metric):
            iteration = _iteration(pattern, quantity.metric)
            identity = (quantity.dataset, name, PUBLISHED, iteration)
            row = (*identity, value, value, value, 0)
            # Both variants of a published name have the same vertices, which count once.
            if row not in rows:
                rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(["model", "iteration"])


def _iteration(
    pattern: re.Pattern[str],
    score: str,
) -> int:
    match = pattern.fullmatch(score)
    assert match is not None
    return int(match[1])


def _draw_panel(
    axes: Axes,
    table: pd.DataFrame,
    name: str,
    methods: list[str],
) -> None:
    if table.empty:
        style.empty(axes, "no runs")
        return
    colours = style.colours(methods)
    for method, points in table.groupby("model", sort=False):
        x = points["iteration"].clip(lower=1)
        mean = points["mean"]
        if method == PUBLISHED:
            axes.plot(x, mean, label=PUBLISHED, **CIRCLE)
            continue
        colour = colours[str(method)]
        label = f"{method}, n = {points['n'].max()}"
        axes.plot(x, mean, lw=1.1, color=colour, label=label)
        ends = points["least"], points["most"]
        axes.fill_between(x, *ends, color=colour, alpha=0.2, lw=0)
    axes.set(xscale="log", yscale="log", xlabel="iteration")
    axes.set_title(TITLES[name.partition(".")[2]], loc="left")
    axes.legend(frameon=False, fontsize=7, loc="lower left")
    style.despine(axes)
