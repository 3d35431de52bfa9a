"""Learned edges between variables, beside the true ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import matrices, style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = [*matrices.IDENTITY, "metric", "cause", "effect", "learned", "true", "n"]
TITLES = {"instantaneous": "same frame", "temporal": "next frame"}
TRUE = "#c1272d"
REMARK = (
    "Rows are causes, columns effects. The darker, the larger the share of seeds in which the edge "
    "was learned; true edges are framed."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One row of panels per data set and method, one column per graph.

    A score is the distance of a graph, as ``shd_temporal``; its edges are drawn.
    """
    data = _shares(scores, spec, context)
    figure = matrices.draw(
        data,
        spec.metrics,
        "metric",
        (2.8, 2.6),
        _panel,
        _title,
        REMARK,
        spec,
        context,
    )
    return Drawn(figure, data)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: no paper prints the edges of its graphs."""
    return []


def _title(
    method: str,
    metric: str,
    n: int,
) -> str:
    return f"{names.model(method)} · {TITLES.get(_graph(metric), metric)}; n = {n}"


def _graph(metric: str) -> str:
    """The graph whose distance a score is: ``temporal`` of ``temporal_graphs.shd_temporal``."""
    return metric.rpartition("shd_")[2]


def _shares(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """Of each edge, the share of seeds in which it was learned, with the columns ``COLUMNS``."""
    shown = trained(scores, spec, context)
    parts = []
    for metric in spec.metrics:
        prefix = metric.partition(".")[0]
        pattern = f"^{re.escape(prefix)}[.]{_graph(metric)}_([0-9]+)_([0-9]+)(_theory)?$"
        places = shown["name"].str.extract(pattern)
        entries = shown.assign(
            metric=metric,
            cause=places[0],
            effect=places[1],
            is_true=places[2].notna(),
        )
        entries = entries.dropna(subset=["effect"])
        is_true = entries.pop("is_true")
        learned = _grouped(entries[~is_true])
        true = _grouped(entries[is_true])
        shares = learned.agg(learned="mean", n="count")
        both = shares.join(true.agg(true="mean"))
        parts.append(both.reset_index())
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    numbers = {"cause": np.int64, "effect": np.int64}
    return pd.concat(parts)[COLUMNS].astype(numbers)


def _grouped(entries: pd.DataFrame) -> Any:
    """Values of each edge."""
    return entries.groupby(COLUMNS[:5], sort=False)["result"]


def _panel(
    axes: Axes,
    entries: pd.DataFrame,
    dataset: str,
) -> None:
    """Draw one graph as a matrix."""
    from matplotlib.patches import Rectangle

    k = 1 + int(entries["cause"].max()) if len(entries) else 0
    matrix = np.zeros((k, k))
    matrix[entries["cause"], entries["effect"]] = entries["learned"]
    axes.imshow(
        matrix,
        cmap="Greys",
        vmin=0,
        vmax=1.25,
    )
    true = entries[entries["true"] == 1]
    for cause, effect in zip(
        true["cause"],
        true["effect"],
        strict=True,
    ):
        corner = (
            float(effect) - 0.42,
            float(cause) - 0.42,
        )
        frame = Rectangle(
            corner,
            0.84,
            0.84,
            fill=False,
            edgecolor=TRUE,
            linewidth=1.6,
        )
        axes.add_patch(frame)
    ticks = np.arange(k)
    labels = [f"c{i}" for i in ticks]
    axes.set_xticks(ticks, labels, fontsize=7)
    axes.set_yticks(ticks, labels, fontsize=7)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    style.despine(axes, left=True, bottom=True)
