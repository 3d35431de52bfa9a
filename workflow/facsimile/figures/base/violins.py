"""Horizontal violins that end where their data end, with their points, median and n."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from facsimile.figures.base import style
from facsimile.presentation import names

VIOLIN_RUNS = 8  # fewer points are shown as points: a density of them would be invented
POINT_RUNS = 120  # more points hide each other
REFERENCE = {"oracle": (0, (4, 2)), "noise": (0, (1, 1.5))}
Values = npt.NDArray[np.float64]


def rows(axes: Axes, groups: Sequence[tuple[str, Values, Any]], controls: pd.DataFrame) -> None:
    """A row a group (label, values [n], colour), from the top; the controls' scores are lines across."""
    nothing = not len(controls) and not sum(values.size for _, values, _ in groups)
    if nothing:
        style.empty(axes, "no scores")
        axes.set(xticks=[])
    for position, (_, values, colour) in enumerate(() if nothing else groups):
        violin(axes, values, position, colour)
        _beside(axes, 1.015, position, f"n = {values.size}", ha="left", fontsize=6.5)
    for control, dashes in REFERENCE.items():
        for value in controls.loc[controls["model"] == control, "result"]:
            axes.axvline(value, color=style.FAINT, lw=0.9, ls=dashes, zorder=1)
    axes.set(
        yticks=range(len(groups)),
        yticklabels=[label for label, *_ in groups],
        ylim=(len(groups) - 0.4, -0.6),
    )
    axes.grid(visible=False, axis="y")
    sns.despine(ax=axes, left=True)


def violin(axes: Axes, values: Values, position: int, colour: Any) -> None:
    """One violin: a density cut at its data if there are enough, points if not too many, the median of two or more."""
    if values.size == 0:
        _beside(axes, 0.5, position, "no runs", ha="center", fontsize=7)
        return
    if values.size >= VIOLIN_RUNS and np.ptp(values) > 0:
        # Its outline runs from the least value to the greatest; a kernel's tails beyond would be scores that nobody had.
        made = axes.violinplot(
            [values],
            [position],
            orientation="horizontal",
            widths=0.8,
            showextrema=False,
            points=128,
        )
        for body in made["bodies"]:  # type: ignore[attr-defined]
            body.set(facecolor=colour, edgecolor=style.INK, alpha=0.45, linewidth=0.6)
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
    if values.size == 1:
        return
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
    """Offsets [n] in ±``width``/2, spread evenly and the same in every drawing: multiples of the golden ratio, modulo 1."""
    spread = ((np.arange(1, n + 1) * 0.6180339887498949) % 1 - 0.5) * (n > 1)
    return np.asarray(width * spread, np.float64)


def legend() -> list[Line2D]:
    """What the marks are."""
    median = Line2D(
        [], [], color=style.INK, lw=0, marker="|", ms=9, mew=1.6, label="median of the runs"
    )
    return [
        median,
        *(
            Line2D([], [], color=style.FAINT, lw=0.9, ls=d, label=f"control: {names.model(c)}")
            for c, d in REFERENCE.items()
        ),
    ]


def remark(found: pd.DataFrame) -> str:
    """How many runs there are, and what a violin is."""
    runs = found.loc[~found["control"].astype(bool), "run"].nunique()
    least = f"needs {VIOLIN_RUNS} runs; below that only the points are drawn"
    return f"{runs:,} trained runs; a violin ends where its data end, and {least}."


def data(found: pd.DataFrame) -> pd.DataFrame:
    """The scores behind the violins."""
    kept = ["dataset", "model", "params", "value", "seed", "run", "name", "result", "control"]
    return found[kept].rename(columns={"name": "metric"}).reset_index(drop=True)


def _beside(axes: Axes, x: float, position: int, text: str, **options: Any) -> None:
    axes.text(
        x,
        position,
        text,
        transform=axes.get_yaxis_transform(),
        va="center",
        color=style.FAINT,
        **options,
    )
