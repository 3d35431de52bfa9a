"""What all figures look like: fonts, colours, titles, legends, and the lines below the panels.

Colour-blind readers can distinguish the colours.

Only this file uses seaborn, and only while it draws. The comparison imports every kind of figure
for the numbers that it shows, so whatever takes long to import, as Matplotlib and SciPy do, is
imported by the functions that draw.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

INK = "#333333"
FAINT = "#777777"
MARKERS = "osD^vphX"
LINEAR = 1e-3
DECADES = 3  # of a logarithmic axis whose ticks are at 1, 2 and 5
"""Logarithmic axes with values of 0 or less are linear below this value."""

NAMED_DATASETS = 3  # a title names this many data sets; more are counted
NARROWEST = 4.6  # inches, for the lines below the panels
LINE = 0.135  # inches, of the lines below the panels
# Widths of texts, in characters per inch.
SMALL_PRINT = 18
LEGEND = 14
TITLE_SIZE = 1.7  # width of a character of the title, in characters of the small print

SETTINGS = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.fontsize": 8,
    "hatch.linewidth": 0.5,
}
GRID = {
    "grid.color": "#e6e6e6",
    "axes.edgecolor": "#bbbbbb",
    "text.color": INK,
    "axes.labelcolor": INK,
}


def styled() -> AbstractContextManager[None]:
    """A context in which figures have this style; the caller's own settings come back after it."""
    import matplotlib as mpl
    import seaborn as sns

    settings: dict[Any, Any] = dict(mpl.rcParamsDefault)
    settings |= {**sns.axes_style("whitegrid", GRID), **SETTINGS, "backend": mpl.get_backend()}
    return mpl.rc_context(settings)


def colours(methods: Iterable[str]) -> dict[str, Any]:
    """Method -> its colour.

    Give all methods of a study, so that each has the same colour in every figure.
    """
    listed = list(methods)
    return dict(zip(listed, palette(len(listed)), strict=True))


def palette(number: int) -> list[tuple[float, float, float]]:
    """Colours of lines and points, as red, green and blue from 0 to 1."""
    import seaborn as sns

    colours: list[tuple[float, float, float]] = sns.color_palette("colorblind", number)
    return colours


def colour_map(name: str) -> Colormap:
    """A colour map of seaborn or Matplotlib."""
    import seaborn as sns

    return sns.color_palette(name, as_cmap=True)


def despine(
    axes: Axes,
    left: bool = False,
    bottom: bool = False,
) -> None:
    """Remove the top and right border of a panel, and others if asked."""
    import seaborn as sns

    sns.despine(ax=axes, left=left, bottom=bottom)


def panels(
    rows: int,
    columns: int,
    width: float,
    height: float,
    **options: Any,
) -> tuple[Figure, Any]:
    """A figure with an array of panels.

    Parameters
    ----------
    rows, columns
        Number of panels.
    width, height
        Size of one panel, inches.
    **options
        For ``Figure.subplots``, such as ``sharey``.

    Returns
    -------
    figure : Figure
    axes : array of Axes [rows, columns]
    """
    from matplotlib.figure import Figure

    size = (max(width * columns, NARROWEST), height * rows)
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def grid(
    n: int,
    width: float,
    height: float,
    columns: int = 3,
    **options: Any,
) -> tuple[Figure, list[Axes]]:
    """A figure with a number of panels, in rows of at most ``columns``.

    Parameters
    ----------
    n
        Number of panels.
    width, height
        Size of one panel, inches.
    columns
        Most panels per row.
    **options
        For ``Figure.subplots``, such as ``sharey``.

    Returns
    -------
    figure : Figure
    axes : list of n Axes
        The unused ones of the last row are switched off.
    """
    columns = max(1, min(columns, n))
    rows = max(1, -(-n // columns))
    figure, axes = panels(rows, columns, width, height, **options)
    for unused in axes.flat[n:]:
        unused.set_axis_off()
    return figure, list(axes.flat[:n])


TITLE_LENGTH = 40  # characters above a panel


def panel_title(
    name: str,
    dataset: str,
    spec: Spec,
    context: Context,
) -> str:
    """The name of a panel's score, and of its data set if the figure shows several."""
    score = names.metric(name)
    if len(context.shown(spec)) == 1:
        return score
    title = f"{score} · {names.dataset(dataset)}"
    # A longer one would reach into the next panel.
    return title if len(title) <= TITLE_LENGTH else title.replace(" · ", "\n", 1)


def finish(
    figure: Figure,
    spec: Spec,
    context: Context,
    remarks: Iterable[str] = (),
    legend: Sequence[Artist] = (),
) -> Figure:
    """Add the title above the panels, and the legend and the caption below them.

    Parameters
    ----------
    figure
        The figure with its panels; it is enlarged by what is added.
    spec, context
        What the figure shows, and the study at one of its scales.
    remarks
        Lines before those of ``context.caption``.
    legend
        Entries of the legend.

    Returns
    -------
    Figure
        The same figure.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    width, height = figure.get_size_inches()
    small_print = _wrapped([*remarks, *context.caption(spec)], width)
    title_width = int(width * SMALL_PRINT / TITLE_SIZE)
    title = textwrap.wrap(f"{spec.title} · {_datasets(spec, context)}", title_width)

    # Heights from the bottom up, in inches: small print, legend, panels, title.
    columns = _legend_columns(legend, width)
    legend_height = LINE * (1.0 + 1.3 * -(-len(legend) // columns)) if legend else 0.0
    foot = LINE * (len(small_print) + 1) + legend_height
    head = 0.18 + 0.18 * len(title)
    total = head + height + foot
    figure.set_size_inches(width, total)
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0, foot / total, 1, height / total)))

    top = 1 - 0.06 / total
    figure.text(
        0.01,
        top,
        "\n".join(title),
        ha="left",
        va="top",
        fontsize=11,
        weight="bold",
    )
    if legend:
        figure.legend(
            handles=legend,
            loc="upper left",
            bbox_to_anchor=(0.0, (foot - 0.03) / total),
            ncols=columns,
            frameon=False,
            borderpad=0.2,
        )
    figure.text(
        0.01,
        (foot - legend_height - LINE / 2) / total,
        "\n".join(small_print),
        ha="left",
        va="top",
        fontsize=7,
        color=FAINT,
        linespacing=1.35,
    )
    return figure


def empty(axes: Axes, reason: str) -> None:
    """Write in a panel why there is nothing in it."""
    axes.text(
        0.5,
        0.5,
        reason,
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=FAINT,
        style="italic",
    )


def mark(colour: Any, position: int) -> dict[str, Any]:
    """Keyword arguments of ``Axes.plot`` for the markers of one line.

    ``position`` is that of the line among all lines; it decides the shape of its markers.
    """
    return {
        "color": colour,
        "marker": MARKERS[position % len(MARKERS)],
        "ms": 4.5,
        "mec": "white",
        "mew": 0.4,
    }


def method_mark(method: str, context: Context) -> dict[str, Any]:
    """Keyword arguments of ``Axes.plot`` for a method: the same in every figure of a study."""
    methods = context.design.methods
    return mark(colours(methods)[method], list(methods).index(method))


def method_legend(
    spec: Spec,
    context: Context,
    lw: float = 1.1,
) -> list[Artist]:
    """Legend entries of the methods shown; ``lw`` is the width of their lines, in points."""
    entries = []
    for method in context.methods(spec):
        label = names.model(method)
        entries.append(legend_line(lw=lw, label=label, **method_mark(method, context)))
    return entries


def legend_line(**properties: Any) -> Artist:
    """A legend entry with the properties of a ``Line2D``."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **properties)


def set_scale(
    axes: Axes,
    axis: str,
    spec: Spec,
) -> None:
    """Make an axis logarithmic if the study file asks for it.

    Linear below ``LINEAR`` if a value is 0 or less. Call it after the data are drawn.

    Parameters
    ----------
    axes
        Panel with its data.
    axis
        ``x`` or ``y``.
    spec
        The figure.
    """
    lowest = getattr(axes.dataLim, f"{axis}0")
    # Without data, or with lines of no points, the limit is infinite.
    if not spec.log or not math.isfinite(lowest):
        return
    from matplotlib.scale import SymmetricalLogScale
    from matplotlib.ticker import LogLocator, NullLocator, SymmetricalLogLocator

    direction: Axis = getattr(axes, f"{axis}axis")
    if lowest > 0:
        axes.set(**{f"{axis}scale": "log"})
        # Over many decades, ticks at 2 and 5 would leave no room, and Matplotlib would draw none.
        highest = getattr(axes.dataLim, f"{axis}1")
        few = math.log10(highest / lowest) <= DECADES
        direction.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
    else:
        axes.set(**{f"{axis}scale": SymmetricalLogScale(None, linthresh=LINEAR)})
        direction.set_major_locator(SymmetricalLogLocator(base=10, linthresh=LINEAR))
    direction.set_minor_locator(NullLocator())
    direction.set_major_formatter(lambda value, _: f"{value:g}")


def run_counts(counts: pd.Series) -> str:
    """``n = 3``, ``n = 2 to 5`` or ``no runs``, from the number of runs of each mark."""
    if counts.empty:
        return "no runs"
    least, most = counts.min(), counts.max()
    return f"n = {least} to {most}" if most > least else f"n = {least}"


def _datasets(spec: Spec, context: Context) -> str:
    shown = context.shown(spec)
    if len(shown) > NAMED_DATASETS:
        return f"{len(shown)} data sets"
    return names.enumeration([names.dataset(dataset) for dataset in shown])


def _legend_columns(legend: Sequence[Artist], width: float) -> int:
    """How many legend entries fit beside each other."""
    longest = max((len(str(entry.get_label())) for entry in legend), default=0)
    entry_width = 0.55 + longest / LEGEND  # inches; the first are those of the symbol
    return max(1, min(len(legend), int(width / entry_width)))


def _wrapped(lines: Iterable[str], width: float) -> list[str]:
    wrapped = []
    for line in lines:
        wrapped += textwrap.wrap(line, int(width * SMALL_PRINT))
    return wrapped
