"""Densities of guided samples and of the tilted density, and the distance of their scores.

Lai et al. 2025, The principles of diffusion models. One panel per weight, and one for scores.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data, style
from facsimile.presentation.context import Context
from facsimile.presentation.select import trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (2.7, 2.1)  # of a panel, in inches
DASHES = (0, (4, 3))
GUIDED, TILTED, GAP = "guidance.density", "guidance.tilted", "guidance.score_gap"
COLUMNS = ["weight", "series", "number", "x", "value"]
REMARK = (
    "Lines: density of the samples of guidance with weight w, from exact scores. Dashes: the "
    "tilted density. Last panel: distance of the two scores after noise is added, relative to the "
    "score."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per weight, then one with a line per weight."""
    table = _points(trained(scores, spec, context))
    weights = sorted(set(table["weight"]))
    with style.styled():
        figure, panels = style.grid(
            len(weights) + 1,
            *SIZE,
            columns=3,
        )
        colours = style.palette(max(1, len(weights)))
        for axes, weight, colour in zip(
            panels,
            weights,
            colours,
            strict=False,
        ):
            of_weight = table[table["weight"] == weight]
            _draw_densities(axes, of_weight, colour)
            axes.set_title(f"w = {weight:g}", loc="left")
            of_gap = of_weight[of_weight["series"] == GAP]
            panels[-1].plot(
                of_gap["x"],
                of_gap["value"],
                color=colour,
                lw=1.1,
                marker="o",
                ms=2.5,
                label=f"w = {weight:g}",
            )
        _finish_gaps(panels[-1], bool(weights))
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, table)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: densities are no numbers of a paper."""
    return []


def _points(trained: pd.DataFrame) -> pd.DataFrame:
    """One row per weight and point of each series, with the columns ``COLUMNS``."""
    tables = []
    for series in (GUIDED, TILTED, GAP):
        parts = trained["name"].str.extract(rf"^{series}_(\d+)$")[0]
        rows = trained[parts.notna()]
        number = parts[parts.notna()].astype(int)
        # As in the metric: places are x / 20 - 2, times hundredths.
        x = number / 100 if series == GAP else number / 20 - 2
        weight = rows["params"].map(lambda params: float(json.loads(params)["weight"]))
        columns = {
            "weight": weight,
            "series": series,
            "number": number,
            "x": x,
            "value": rows["result"],
        }
        tables.append(pd.DataFrame(columns))
    table = data.joined(tables, COLUMNS)
    return table.sort_values(COLUMNS[:3]).reset_index(drop=True)


def _draw_densities(
    axes: Axes,
    table: pd.DataFrame,
    colour: tuple[float, float, float],
) -> None:
    for series, look in ((GUIDED, {"color": colour}), (TILTED, {"color": style.INK, "ls": DASHES})):
        points = table[table["series"] == series]
        axes.plot(
            points["x"],
            points["value"],
            lw=1.2,
            **look,
        )
        if series == GUIDED:
            axes.fill_between(
                points["x"],
                points["value"],
                color=colour,
                alpha=0.2,
                lw=0,
            )
    axes.set_xlabel("x")
    axes.set_ylim(bottom=0)
    style.despine(axes)


def _finish_gaps(axes: Axes, has_lines: bool) -> None:
    if not has_lines:
        style.empty(axes, "no scores")
        return
    axes.set_title("Distance of scores", loc="left")
    axes.set_xlabel("t")
    axes.legend(frameon=False, fontsize=7)
    style.despine(axes)
