"""Scores against the share of training pictures that have a label, beside a peer's curves."""

from __future__ import annotations

import itertools
import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import published as base_published
from facsimile.figures.base import style
from facsimile.presentation import quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARE = "labelled"
SIZE = (3.5, 2.7)  # of a panel, in inches
PEERS = "peers"
DASHES = {"ls": (0, (4, 2)), "lw": 1.0, "mfc": "none", "ms": 3.0}
COLUMNS = ["dataset", "metric", "model", "share", "mean", "low", "high", "n"]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set and score: a line per method, and a dashed one for each of a peer."""
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    shown = list(itertools.product(context.shown(spec), metrics))
    tables = []
    with style.styled():
        figure, panels = style.grid(len(shown), *SIZE, columns=2)
        for axes, (dataset, name) in zip(panels, shown, strict=True):
            ours = _means(trained, dataset, name, spec, context)
            peers = _peers(dataset, name, spec, context)
            _panel(axes, ours, peers, context)
            axes.set_title(style.panel_title(name, dataset, spec, context), loc="left")
            tables += [ours, peers]
        table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
        style.finish(figure, spec, context, [_remark(table)], _legend(table, spec, context))
    return Drawn(figure, table)


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of each published share of each method."""
    swept = quantities.swept_cells(context, context.methods(spec))
    return quantities.of_cells(spec, context, swept, "mean")


def _means(
    trained: pd.DataFrame,
    dataset: str,
    name: str,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """Mean over seeds for each method and share, with its interval; columns ``COLUMNS``."""
    here = trained[(trained["dataset"] == dataset) & (trained["name"] == name)]
    rows: list[tuple[Any, ...]] = []
    for method in context.methods(spec):
        of_method = here[here["method"] == method]
        for share, runs in of_method.groupby("value"):
            rng = estimates.generator(dataset, name, method, str(share))
            mean = estimates.estimate(runs["result"].to_numpy(dtype=float), rng)
            rows.append((dataset, name, method, share, *astuple(mean)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _peers(
    dataset: str,
    name: str,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """The peer's numbers, with the name that they have for a method; columns ``COLUMNS``."""
    rows: dict[tuple[str, float], tuple[Any, ...]] = {}
    methods = context.methods(spec)
    for quantity, value in context.published.peers.items():
        is_shown = quantity.model in methods and quantity.artefact == spec.id
        if not is_shown or (quantity.dataset, quantity.metric) != (dataset, name):
            continue
        share = json.loads(quantity.params or "{}").get(SHARE)
        if share is None:
            continue
        # Both variants of a published name have the same numbers.
        method = base_published.name(quantity.model, context)
        row = (dataset, name, f"{PEERS}: {method}", share, value, value, value, 0)
        rows[method, share] = row
    return pd.DataFrame(rows.values(), columns=COLUMNS).sort_values(["model", "share"])


def _panel(
    axes: Axes,
    ours: pd.DataFrame,
    peers: pd.DataFrame,
    context: Context,
) -> None:
    for method, points in ours.groupby("model", sort=False):
        mark = style.method_mark(str(method), context)
        axes.plot(points["share"], points["mean"], lw=1.1, zorder=3, **mark)
        low = points["low"].fillna(points["mean"])
        high = points["high"].fillna(points["mean"])
        axes.vlines(points["share"], low, high, color=mark["color"], lw=1.0)
    for position, (_, points) in enumerate(peers.groupby("model", sort=False)):
        axes.plot(points["share"], points["mean"], **_dashed(position))
    if ours.empty and peers.empty:
        style.empty(axes, "no scores")
    else:
        axes.set_xscale("log")
    axes.set_xlabel("share of training pictures with a label")
    style.despine(axes)


def _dashed(position: int) -> dict[str, Any]:
    """Properties of the line of a peer's method at this position among theirs."""
    colour = (style.INK, style.FAINT)[position % 2]
    return {**DASHES, "color": colour, "marker": "s^"[position % 2]}


def _legend(
    table: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> list[Any]:
    entries = list(style.method_legend(spec, context))
    theirs = [name for name in table["model"].unique() if str(name).startswith(PEERS)]
    for position, name in enumerate(theirs):
        entries.append(style.legend_line(label=name, **_dashed(position)))
    return entries


def _remark(table: pd.DataFrame) -> str:
    is_ours = ~table["model"].astype(str).str.startswith(PEERS)
    counts = style.run_counts(table.loc[is_ours, "n"])
    level = f"{100 * estimates.LEVEL:.0f} %"
    text = f"Mean over seeds ({counts} a point) and its {level} bootstrap interval."
    return text if is_ours.all() else f"{text} Dashed: numbers of peers."
