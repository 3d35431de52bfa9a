"""Scores against the share of labelled data, beside a peer's curves.

The share is the hyper-parameter ``labelled``. Its axis is logarithmic if shares are small.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import published as base_published
from facsimile.figures.base import style
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARE = "labelled"
SMALL = 0.1  # the axis is logarithmic if the least share is smaller, but not 0
SIZE = (3.5, 2.7)  # of a panel, in inches
PEERS = "peers"
DASHES: dict[str, Any] = {
    "ls": (0, (4, 2)),
    "lw": 1.0,
    "mfc": "none",
    "ms": 3.0,
}
DASHED: list[dict[str, Any]] = [
    {"color": style.INK, "marker": "s"},
    {"color": style.FAINT, "marker": "^"},
]
COLUMNS = ["dataset", "metric", "model", "share", "mean", "low", "high", "n"]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set and score: a line per method, and a dashed one for each of a peer."""
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    shown = [*itertools.product(context.shown(spec), metrics)]
    tables = [pd.DataFrame(columns=COLUMNS)]
    with style.styled():
        figure, panels = style.grid(len(shown), *SIZE, columns=2)
        for axes, (dataset, name) in zip(panels, shown, strict=True):
            ours = _means(trained, dataset, name, spec, context)
            peers = _peers(dataset, name, spec, context)
            _panel(axes, ours, peers, context)
            title = style.panel_title(name, dataset, spec, context)
            axes.set_title(title, loc="left")
            tables += [table for table in (ours, peers) if len(table)]
        # The first table, which is empty, has the columns alone.
        table = pd.concat(tables[1:] or tables, ignore_index=True)
        legend = _legend(table, spec, context)
        style.finish(figure, spec, context, [_remark(table)], legend)
    return Drawn(figure, table)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
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
    named = trained[trained["name"] == name]
    here = named[named["dataset"] == dataset]
    rows: list[tuple[Any, ...]] = []
    for method in context.methods(spec):
        of_method = here[here["method"] == method]
        for share, runs in of_method.groupby("value"):
            rng = estimates.generator(dataset, name, method, str(share))
            results = runs["result"].to_numpy(dtype=float)
            mean = estimates.estimate(results, rng)
            identity = (dataset, name, method, share)
            rows.append((*identity, *astuple(mean)))
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
        is_here = (quantity.artefact, quantity.dataset) == (spec.id, dataset)
        is_shown = quantity.metric == name and quantity.model in methods
        params = json.loads(quantity.params or "{}")
        if not (is_here and is_shown and SHARE in params):
            continue
        share = params[SHARE]
        # Both variants of a published name have the same numbers.
        method = base_published.name(quantity.model, context)
        identity = (dataset, name, f"{PEERS}: {method}", share)
        rows[method, share] = (*identity, value, value, value, 0)
    table = pd.DataFrame(rows.values(), columns=COLUMNS)
    return table.sort_values(["model", "share"])


def _panel(
    axes: Axes,
    ours: pd.DataFrame,
    peers: pd.DataFrame,
    context: Context,
) -> None:
    for method, points in ours.groupby("model", sort=False):
        mark = style.method_mark(str(method), context)
        share, mean = points["share"], points["mean"]
        axes.plot(share, mean, lw=1.1, zorder=3, **mark)
        low = points["low"].fillna(mean)
        high = points["high"].fillna(mean)
        axes.vlines(share, low, high, color=mark["color"], lw=1.0)
    for dashed, method in zip(DASHED, _peers_names(peers), strict=False):
        points = peers[peers["model"] == method]
        axes.plot(points["share"], points["mean"], **DASHES, **dashed)
    shares = pd.concat([ours["share"], peers["share"]])
    if shares.empty:
        style.empty(axes, "no scores")
    elif 0 < shares.min() < SMALL:
        axes.set_xscale("log")
    axes.set_xlabel(names.parameter(SHARE))
    style.despine(axes)


def _peers_names(table: pd.DataFrame) -> list[str]:
    """Names of the peers' lines, of which there are at most as many as in ``DASHED``."""
    names = table["model"].astype(str)
    return sorted(names[names.str.startswith(PEERS)].unique())


def _legend(
    table: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> list[Any]:
    entries = list(style.method_legend(spec, context))
    for dashed, name in zip(DASHED, _peers_names(table), strict=False):
        entry = style.legend_line(label=name, **DASHES, **dashed)
        entries.append(entry)
    return entries


def _remark(table: pd.DataFrame) -> str:
    theirs = _peers_names(table)
    is_theirs = table["model"].isin(theirs)
    counts = style.run_counts(table.loc[~is_theirs, "n"])
    level = f"{100 * estimates.LEVEL:.0f} %"
    text = f"Mean over seeds ({counts} a point) and its {level} bootstrap interval."
    return f"{text} Dashed: numbers of peers." if theirs else text
