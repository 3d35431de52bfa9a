"""Horizontal violins that end where their data end, with points, median and n."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures.base import style
from facsimile.presentation import names
from facsimile.presentation.select import without_controls

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

VIOLIN_RUNS = 8  # fewer are shown as points only: a density of them would be invented
POINT_RUNS = 120  # more points would hide each other
CONTROLS = {"oracle": (0, (4, 2)), "noise": (0, (1, 1.5))}
"""Control -> dashes of its line."""
GOLDEN_RATIO = 0.6180339887498949
COLUMNS = ["dataset", "model", "params", "value", "seed", "run", "name", "result", "control"]
Values = npt.NDArray[np.float64]
Group = tuple[str, Values, Any]
"""Label, values [n] and colour of one violin."""


def rows(
    axes: Axes,
    groups: Sequence[Group],
    controls: pd.DataFrame,
) -> None:
    """Draw one violin per row.

    Parameters
    ----------
    axes
        Panel to draw in.
    groups
        Label, values [n] and colour of each violin, from the top.
    controls
        Scores of the controls, with columns ``model`` and ``result``; drawn as vertical lines.
    """
    if any(values.size for _, values, _ in groups) or len(controls):
        for position, (_, values, colour) in enumerate(groups):
            violin(axes, values, position, colour)
            _write(axes, 1.015, position, f"n = {values.size}", ha="left", fontsize=6.5)
    else:
        style.empty(axes, "no scores")
        axes.set(xticks=[])
    for control, dashes in CONTROLS.items():
        for value in controls.loc[controls["model"] == control, "result"]:
            axes.axvline(
                value,
                color=style.FAINT,
                lw=0.9,
                ls=dashes,
                zorder=1,
            )
    axes.set(
        yticks=range(len(groups)),
        yticklabels=[label for label, _, _ in groups],
        ylim=(len(groups) - 0.4, -0.6),
    )
    axes.grid(visible=False, axis="y")
    style.despine(axes, left=True)


def violin(
    axes: Axes,
    values: Values,
    position: int,
    colour: Any,
) -> None:
    """Draw one violin.

    Parameters
    ----------
    axes
        Panel to draw in.
    values
        Values [n]. A density is drawn of ``VIOLIN_RUNS`` or more, the points themselves of
        ``POINT_RUNS`` or fewer, and the median of two or more.
    position
        Row, from the top.
    colour
        Colour of density and points, as Matplotlib takes it.
    """
    if values.size == 0:
        _write(axes, 0.5, position, "no runs", ha="center", fontsize=7)
        return
    if values.size >= VIOLIN_RUNS and np.ptp(values) > 0:
        _density(axes, values, position, colour)
    if values.size <= POINT_RUNS:
        axes.scatter(
            values,
            position + jitter(values.size),
            s=9,
            color=colour,
            edgecolor="white",
            linewidth=0.3,
            zorder=3,
        )
    if values.size > 1:
        median = float(np.median(values))
        axes.plot(
            [median, median],
            [position - 0.3, position + 0.3],
            color=style.INK,
            lw=1.6,
            solid_capstyle="butt",
            zorder=4,
        )


def jitter(n: int, width: float = 0.24) -> Values:
    """Offsets [n] within ±``width``/2 that keep points apart; 0 for a single point.

    Multiples of the golden ratio modulo 1: spread evenly, and the same in every drawing.
    """
    if n == 1:
        return np.zeros(1)
    spread = (np.arange(1, n + 1) * GOLDEN_RATIO) % 1 - 0.5
    return np.asarray(width * spread, np.float64)


def legend() -> list[Artist]:
    """Legend entries of the median and the controls."""
    label = "median of the runs"
    entries = [
        style.legend_line(
            color=style.INK,
            lw=0,
            marker="|",
            ms=9,
            mew=1.6,
            label=label,
        )
    ]
    for control, dashes in CONTROLS.items():
        label = f"control: {names.model(control)}"
        entries.append(
            style.legend_line(
                color=style.FAINT,
                lw=0.9,
                ls=dashes,
                label=label,
            )
        )
    return entries


def remark(scores: pd.DataFrame) -> str:
    """How many runs there are, and what a violin is."""
    runs = without_controls(scores)["run"].nunique()
    limit = f"needs {VIOLIN_RUNS} runs; below that only the points are drawn"
    return f"{runs:,} trained runs; a violin ends where its data end, and {limit}."


def data(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores behind the violins; ``model`` is the method, as in a ``Quantity``."""
    scores = scores.assign(model=scores["method"])
    return scores[COLUMNS].rename(columns={"name": "metric"}).reset_index(drop=True)


def _density(
    axes: Axes,
    values: Values,
    position: int,
    colour: Any,
) -> None:
    # The outline runs from the least value to the greatest: the tails of a kernel beyond them would
    # show scores that no run has.
    parts = axes.violinplot(
        [values],
        [position],
        orientation="horizontal",
        widths=0.8,
        showextrema=False,
        points=128,
    )
    for body in parts["bodies"]:  # type: ignore[attr-defined]
        body.set(
            facecolor=colour,
            edgecolor=style.INK,
            alpha=0.45,
            linewidth=0.6,
        )


def _write(
    axes: Axes,
    x: float,
    position: int,
    text: str,
    **options: Any,
) -> None:
    """Write text at a row; ``x`` is 0 at the left end of the panel and 1 at its right end."""
    axes.text(
        x,
        position,
        text,
        transform=axes.get_yaxis_transform(),
        va="center",
        color=style.FAINT,
        **options,
    )
