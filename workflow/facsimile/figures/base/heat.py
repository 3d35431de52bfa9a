"""Heat maps of rank correlations: their numbers, colours, squares, labels and colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from facsimile.figures.base import style
from facsimile.statistics import estimates
from facsimile.statistics.estimates import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

CORRELATION_RUNS = 5  # fewer are hatched: any order of so few runs is likely by chance
COLOURS = "vlag"  # blue to red through white, which colour-blind readers can tell apart
DARK = 0.62  # stronger correlations are printed in white
CELL = (0.78, 0.56)
"""Width and height of a square, inches."""
Pair = tuple[str, str]
Pairs = list[Pair]


def colours() -> Colormap:
    """The colours of correlations from -1 to 1."""
    return style.colour_map(COLOURS)


def correlated(
    wide: pd.DataFrame,
    pairs: Pairs,
    about: str,
) -> dict[Pair, Estimate]:
    """Correlate pairs of columns.

    Parameters
    ----------
    wide
        Scores, one row per run and one column per score or data set; NaN if missing.
    pairs
        Pairs of columns to correlate.
    about
        Seeds the bootstrap: what the rows are of, such as a data set.

    Returns
    -------
    dict
        Pair -> Spearman's correlation with its interval, over the n rows that have both columns.
    """
    # Pairs that are both present in the same rows share their resamples, which is much faster.
    groups: dict[bytes, Pairs] = {}
    is_present = wide.notna()
    for pair in pairs:
        has_both = is_present[list(pair)].all(axis=1).to_numpy()
        groups.setdefault(has_both.tobytes(), []).append(pair)
    correlations: dict[Pair, Estimate] = {}
    for group in groups.values():
        correlations |= _correlated_together(wide, group, about)
    return correlations


def _correlated_together(
    wide: pd.DataFrame,
    pairs: Pairs,
    about: str,
) -> dict[Pair, Estimate]:
    """Correlate pairs that are present in the same rows."""
    first = list(dict.fromkeys(a for a, _ in pairs))
    second = list(dict.fromkeys(b for _, b in pairs))
    columns = list(dict.fromkeys([*first, *second]))
    both = wide[columns].dropna()
    rng = estimates.generator(about, "spearman")
    matrix = estimates.spearmans(both[first].to_numpy(), both[second].to_numpy(), rng)
    correlations = {}
    for pair in pairs:
        i, j = first.index(pair[0]), second.index(pair[1])
        interval = matrix.low[i, j], matrix.high[i, j]
        correlations[pair] = Estimate(matrix.value[i, j], *interval, matrix.n)
    return correlations


def correlation_of(row: dict[Any, Any]) -> Estimate:
    """The correlation in a row of a figure's data, with the columns spearman, low, high and n."""
    return Estimate(row["spearman"], row["low"], row["high"], int(row["n"]))


def cell(
    axes: Axes,
    x: int,
    y: int,
    correlation: Estimate,
) -> None:
    """Draw one square with its correlation and interval.

    It is hatched if it has no number: with n if there are fewer than ``CORRELATION_RUNS`` runs,
    else with the word "constant".

    Parameters
    ----------
    axes
        Panel to draw in.
    x, y
        Column and row, from the top left.
    correlation
        Correlation, its interval, and n.
    """
    if correlation.n < CORRELATION_RUNS:
        hatched(axes, x, y, f"n = {correlation.n}")
        return
    if np.isnan(correlation.value):
        hatched(axes, x, y, "constant")
        return
    # From -1 to 1, as in the colour bar.
    colour = colours()((correlation.value + 1) / 2)
    _square(axes, x, y, facecolor=colour, edgecolor="white")
    ink = "white" if abs(correlation.value) > DARK else style.INK
    options: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
    axes.text(x + 0.5, y + 0.4, number(correlation.value), fontsize=10, **options)
    if np.isfinite(correlation.low):
        interval = f"[{number(correlation.low)}, {number(correlation.high)}]"
        axes.text(x + 0.5, y + 0.76, interval, fontsize=5.8, **options)


def hatched(
    axes: Axes,
    x: int,
    y: int,
    reason: str,
) -> None:
    """Draw a square without a number, and why it has none, in column ``x`` and row ``y``."""
    _square(
        axes,
        x,
        y,
        facecolor="white",
        edgecolor="#bbbbbb",
        hatch="////",
        linewidth=0,
    )
    axes.text(
        x + 0.5,
        y + 0.5,
        reason,
        ha="center",
        va="center",
        fontsize=6.5,
        color=style.FAINT,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )


def blank(axes: Axes, i: int) -> None:
    """Draw square ``i`` of the diagonal, where a score would be correlated with itself."""
    _square(axes, i, i, facecolor="#f2f2f2", edgecolor="white")


def _square(
    axes: Axes,
    x: int,
    y: int,
    **properties: Any,
) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), 1, 1, **properties))


def frame(
    axes: Axes,
    columns: Sequence[str],
    rows: Sequence[str],
) -> None:
    """Set limits and labels of a map whose columns and rows have these labels."""
    axes.set(
        xticks=np.arange(len(columns)) + 0.5,
        xlim=(0, len(columns)),
        xticklabels=[_broken(label) for label in columns],
    )
    axes.set(
        yticks=np.arange(len(rows)) + 0.5,
        ylim=(len(rows), 0),
        yticklabels=[_broken(label) for label in rows],
    )
    axes.tick_params(length=0, labelsize=7.5)
    axes.grid(visible=False)
    style.despine(axes, left=True, bottom=True)


def bar(figure: Figure, grid: np.ndarray) -> None:
    """Draw the colour bar beside an array of panels."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    colour_bar = figure.colorbar(
        ScalarMappable(Normalize(-1, 1), colours()),
        ax=grid,
        shrink=0.6,
        aspect=24,
        pad=0.02,
        ticks=[-1, -0.5, 0, 0.5, 1],
    )
    colour_bar.set_label("Spearman's rank correlation")
    colour_bar.outline.set_visible(False)


def runs(counts: pd.Series) -> str:
    """How many runs the correlations of one map are over, from the n of each."""
    least = counts.min() if len(counts) else 0
    most = counts.max() if len(counts) else 0
    count = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return f"n = {count} trained runs"


def remark() -> str:
    """What brackets and hatching mean."""
    level = f"{100 * estimates.LEVEL:.0f} %"
    few = f"fewer than {CORRELATION_RUNS} runs"
    return (
        f"In brackets the {level} bootstrap interval over runs; "
        f"hatched: {few}, or a score that is constant."
    )


def number(value: float) -> str:
    """A number with two decimals and a typographic minus sign."""
    # Adding 0.0 turns -0.0 into 0.0.
    return f"{value + 0.0:.2f}".replace("-", "−")


def _broken(label: str) -> str:
    """A label on two lines of similar length, if it has several words."""
    words = label.split(" ")
    if len(words) == 1:
        return label
    breaks = []
    for i in range(1, len(words)):
        first, second = " ".join(words[:i]), " ".join(words[i:])
        breaks.append(f"{first}\n{second}")
    return min(breaks, key=_width)


def _width(text: str) -> int:
    """Length of the longest line."""
    return max(map(len, text.split("\n")))
