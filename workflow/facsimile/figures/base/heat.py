"""Heat maps of rank correlations: their colours, cells, labels and bar."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from facsimile.figures.base import style
from facsimile.statistics import estimates
from facsimile.statistics.estimates import Estimate

CORRELATION_RUNS = 5  # fewer runs are hatched: any order of them is likely by chance
SCALE = Normalize(-1, 1)
COLOURS = sns.color_palette(
    "vlag", as_cmap=True
)  # blue to red through white: told apart by colour-blind readers
Pairs = list[tuple[str, str]]
CELL = (0.78, 0.56)  # inches


def correlated(
    wide: pd.DataFrame, pairs: Pairs, about: str
) -> dict[tuple[str, str], tuple[float, float, float, int]]:
    """Correlation, interval and n of pairs of columns, over the rows that have both; ``about`` names what the rows are of.

    Pairs that the same rows have are resampled together, which is much faster.
    """
    groups: dict[bytes, Pairs] = {}
    for pair in pairs:
        groups.setdefault(wide[list(pair)].notna().all(axis=1).to_numpy().tobytes(), []).append(
            pair
        )
    return {
        pair: row
        for together in groups.values()
        for pair, row in _together(wide, together, about).items()
    }


def _together(
    wide: pd.DataFrame, pairs: Pairs, about: str
) -> dict[tuple[str, str], tuple[float, float, float, int]]:
    first, second = (list(dict.fromkeys(side)) for side in zip(*pairs, strict=True))
    both = wide[list(dict.fromkeys([*first, *second]))].dropna()
    found = estimates.spearmans(
        both[first].to_numpy(), both[second].to_numpy(), estimates.generator(about, "spearman")
    )
    at = {(a, b): (first.index(a), second.index(b)) for a, b in pairs}
    return {pair: (found.value[i], found.low[i], found.high[i], found.n) for pair, i in at.items()}


def cell(axes: Axes, x: int, y: int, found: Estimate) -> None:
    """One square; hatched with its n where there are too few runs, and saying so where a score is constant."""
    if found.n < CORRELATION_RUNS or np.isnan(found.value):
        hatched(axes, x, y, "constant" if found.n >= CORRELATION_RUNS else f"n = {found.n}")
        return
    axes.add_patch(
        Rectangle((x, y), 1, 1, facecolor=COLOURS(SCALE(found.value)), edgecolor="white")
    )
    ink = "white" if abs(found.value) > 0.62 else style.INK
    centred: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
    axes.text(x + 0.5, y + 0.4, number(found.value), fontsize=10, **centred)
    if np.isfinite(found.low):
        axes.text(
            x + 0.5,
            y + 0.76,
            f"[{number(found.low)}, {number(found.high)}]",
            fontsize=5.8,
            **centred,
        )


def hatched(axes: Axes, x: int, y: int, why: str) -> None:
    """A square that has no number, and why."""
    axes.add_patch(
        Rectangle((x, y), 1, 1, facecolor="white", edgecolor="#bbbbbb", hatch="////", linewidth=0)
    )
    bare = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    axes.text(
        x + 0.5, y + 0.5, why, ha="center", va="center", fontsize=6.5, color=style.FAINT, bbox=bare
    )


def blank(axes: Axes, i: int) -> None:
    """A square of the diagonal, where a thing meets itself."""
    axes.add_patch(Rectangle((i, i), 1, 1, facecolor="#f2f2f2", edgecolor="white"))


def frame(axes: Axes, columns: Sequence[str], rows: Sequence[str]) -> None:
    """Limits and labels of a map of ``rows`` × ``columns``."""
    axes.set(
        xticks=np.arange(len(columns)) + 0.5,
        xlim=(0, len(columns)),
        xticklabels=list(map(_broken, columns)),
    )
    axes.set(
        yticks=np.arange(len(rows)) + 0.5, ylim=(len(rows), 0), yticklabels=list(map(_broken, rows))
    )
    axes.tick_params(length=0, labelsize=7.5)
    axes.grid(visible=False)
    sns.despine(ax=axes, left=True, bottom=True)


def bar(figure: Figure, grid: np.ndarray) -> None:
    """The scale of the colours."""
    made = figure.colorbar(
        ScalarMappable(SCALE, COLOURS),
        ax=grid,
        shrink=0.6,
        aspect=24,
        pad=0.02,
        ticks=[-1, -0.5, 0, 0.5, 1],
    )
    made.set_label("Spearman's rank correlation")
    made.outline.set_visible(False)


def runs(least: int, most: int) -> str:
    """How many runs the correlations of one map are over."""
    return (
        f"n = {most:,} trained runs" if least == most else f"n = {least:,} to {most:,} trained runs"
    )


def remark() -> str:
    """What brackets and hatching mean."""
    level = f"{100 * estimates.LEVEL:.0f} %"
    few = f"fewer than {CORRELATION_RUNS} runs"
    return f"In brackets the {level} bootstrap interval over runs; hatched: {few}, or a score that is constant."


def number(value: float) -> str:
    """Two decimals, with a minus sign that is one."""
    return f"{value + 0.0:.2f}".replace("-", "−")


def _broken(label: str) -> str:
    """Two lines at most, broken where they are about as long."""
    words = label.split(" ")
    cuts = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return "\n".join(min(cuts, key=lambda cut: max(map(len, cut)))) if cuts else label
