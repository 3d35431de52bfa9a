"""How wide a learned bridge of fractional noise is, beside two exact ones, over time.

Daems et al. 2024, the figure of bridges. One panel per Hurst index.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data, style
from facsimile.presentation.context import Context
from facsimile.presentation.select import THEORY, trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (2.3, 1.9)  # of a panel, in inches
COLUMNS = ["method", "hurst", "series", "place", "value", "n"]
SPREAD = "fbm_bridge.spread"
SERIES = (SPREAD, SPREAD + THEORY, "fbm_bridge.own", "fbm_bridge.fractional")
LABELS = ("learned", "best control", "posterior of the prior", "bridge of unit fBM")
REMARK = (
    "Standard deviation of x(t) given its last value, for Hurst index H. The release draws the "
    "bridge of unit fBM as the true variance. Mean over seeds."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One row of panels per method, one panel per Hurst index."""
    table = _points(trained(scores, spec, context))
    panels = list(table.groupby(["method", "hurst"], sort=False))
    with style.styled():
        figure, grid = style.grid(max(1, len(panels)), *SIZE, columns=5)
        for axes, ((method, hurst), points) in zip(grid, panels, strict=False):
            _draw_panel(axes, points)
            axes.set_title(f"{method}: H = {hurst:g}", loc="left", fontsize=7)
        if not panels:
            style.empty(grid[0], "no scores")
        lines = [style.legend_line(label=label, **_looks()[name]) for name, label in _named()]
        style.finish(figure, spec, context, [REMARK], lines)
    return Drawn(figure, table)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: the paper prints no numbers of its bridges."""
    return []


def _points(trained: pd.DataFrame) -> pd.DataFrame:
    """One row per method, Hurst index, series and per cent of the time."""
    tables = []
    for name in SERIES:
        base, theory = (name.removesuffix(THEORY), THEORY) if THEORY in name else (name, "")
        place = trained["name"].str.extract(rf"^{base}_(\d+){theory}$")[0]
        rows = trained[place.notna()]
        columns = {
            "method": rows["method"],
            "hurst": rows["params"].map(lambda params: float(json.loads(params)["hurst"])),
            "series": name,
            "place": place[place.notna()].astype(int),
            "value": rows["result"],
        }
        tables.append(pd.DataFrame(columns))
    keys = COLUMNS[:4]
    table = data.joined(tables, COLUMNS[:5])
    grouped = table.groupby(keys)["value"].agg(value="mean", n="size").reset_index()
    return grouped[COLUMNS].sort_values(keys).reset_index(drop=True)


def _draw_panel(
    axes: Axes,
    table: pd.DataFrame,
) -> None:
    for name, _ in _named():
        points = table[table["series"] == name]
        axes.plot(points["place"], points["value"], **_looks()[name])
    axes.set_xlabel("% of the time")
    axes.set_ylim(bottom=0)
    style.despine(axes)


def _named() -> list[tuple[str, str]]:
    return list(zip(SERIES, LABELS, strict=True))


def _looks() -> dict[str, dict[str, Any]]:
    colours = style.palette(3)
    return {
        SERIES[0]: {"color": colours[0], "lw": 1.4},
        SERIES[1]: {"color": style.INK, "lw": 0.9, "ls": (0, (4, 3)), "zorder": 4},
        SERIES[2]: {"color": colours[1], "lw": 1.1},
        SERIES[3]: {"color": colours[2], "lw": 1.1, "ls": ":"},
    }
