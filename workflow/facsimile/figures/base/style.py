"""What all figures look like: fonts, colours that colour-blind readers tell apart, title and the lines under the panels."""

import textwrap
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.scale import SymmetricalLogScale
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, SymmetricalLogLocator

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

INK, FAINT = "#333333", "#777777"
MARKERS = "osD^vphX"
LINEAR = 1e-3
NARROWEST = 4.6  # inches: the small print needs them
NAMED = 3  # data sets in a title; more are counted
CHARACTERS_AN_INCH = 18  # of the small print
LEGEND_CHARACTERS_AN_INCH = 14
LINE = 0.135  # inches
STYLE = {
    **sns.axes_style(
        "whitegrid",
        {
            "grid.color": "#e6e6e6",
            "axes.edgecolor": "#bbbbbb",
            "text.color": INK,
            "axes.labelcolor": INK,
        },
    ),
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


def styled() -> AbstractContextManager[None]:
    """The style, for the time of one drawing; the caller's own settings come back."""
    return mpl.rc_context({**mpl.rcParamsDefault, **STYLE, "backend": mpl.get_backend()})


def colours(models: Iterable[str]) -> dict[str, Any]:
    """A colour a method, the same in every figure of a study."""
    listed = list(models)
    return dict(zip(listed, sns.color_palette("colorblind", len(listed)), strict=True))


def panels(
    rows: int, columns: int, width: float, height: float, **options: Any
) -> tuple[Figure, Any]:
    """A figure of ``rows`` × ``columns`` axes, each of ``width`` × ``height`` inches, and the array of its axes."""
    figure = Figure(figsize=(max(width * columns, NARROWEST), height * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def grid(
    n: int, width: float, height: float, columns: int = 3, **options: Any
) -> tuple[Figure, list[Axes]]:
    """A figure of ``n`` axes in rows of ``columns`` at most; those that are left over are off."""
    columns = max(1, min(columns, n))
    figure, axes = panels(max(1, -(-n // columns)), columns, width, height, **options)
    for unused in axes.flat[n:]:
        unused.set_axis_off()
    return figure, list(axes.flat[:n])


def titled(name: str, dataset: str, spec: Spec, context: Context) -> str:
    """A panel's title: its score, and its data set where the figure shows several."""
    return names.metric(name) + (
        f" · {names.dataset(dataset)}" if len(context.shown(spec)) > 1 else ""
    )


def finish(
    figure: Figure,
    spec: Spec,
    context: Context,
    remarks: Iterable[str] = (),
    legend: Sequence[Artist] = (),
) -> Figure:
    """Write the title above the panels, and under them the legend and what the figure must say of itself."""
    width, height = figure.get_size_inches()
    small_print = _wrapped([*remarks, *context.caption(spec)], width)
    longest = max((len(str(entry.get_label())) for entry in legend), default=0)
    entries = max(1, min(len(legend), int(width / (0.55 + longest / LEGEND_CHARACTERS_AN_INCH))))
    key = LINE * (1.0 + 1.3 * -(-len(legend) // entries)) if legend else 0.0
    shown = [names.dataset(d) for d in context.shown(spec)]
    said = names.listed(shown) if len(shown) <= NAMED else f"{len(shown)} data sets"
    title = textwrap.wrap(f"{spec.title} · {said}", int(width * CHARACTERS_AN_INCH / 1.7))
    foot, head = LINE * (len(small_print) + 1) + key, 0.18 + 0.18 * len(title)
    total = head + height + foot
    figure.set_size_inches(width, total)
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0, foot / total, 1, height / total)))
    figure.text(
        0.01, 1 - 0.06 / total, "\n".join(title), ha="left", va="top", fontsize=11, weight="bold"
    )
    if legend:
        figure.legend(
            handles=legend,
            loc="upper left",
            bbox_to_anchor=(0.0, (foot - 0.03) / total),
            ncols=entries,
            frameon=False,
            borderpad=0.2,
        )
    below = (foot - key - LINE / 2) / total
    figure.text(
        0.01,
        below,
        "\n".join(small_print),
        ha="left",
        va="top",
        fontsize=7,
        color=FAINT,
        linespacing=1.35,
    )
    return figure


def empty(axes: Axes, text: str) -> None:
    """Say in a panel why there is nothing in it."""
    axes.text(
        0.5,
        0.5,
        text,
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=FAINT,
        style="italic",
    )


def marked(model: str, context: Context) -> dict[str, Any]:
    """A method's colour and marker, the same in every figure of a study."""
    marker = MARKERS[list(context.design.models).index(model) % len(MARKERS)]
    return {
        "color": colours(context.design.models)[model],
        "marker": marker,
        "ms": 4.5,
        "mec": "white",
        "mew": 0.4,
    }


def methods(spec: Spec, context: Context, lw: float = 1.1) -> list[Line2D]:
    """A legend's entries, one a method that is shown."""
    return [
        Line2D([], [], lw=lw, label=names.model(m), **marked(m, context))
        for m in context.methods(spec)
    ]


def scale(axes: Axes, axis: str, spec: Spec) -> None:
    """Make an axis, x or y, logarithmic where the study file asks for it; linear below LINEAR if a score is 0 or less."""
    if not spec.log or not axes.has_data():
        return
    where: Axis = getattr(axes, f"{axis}axis")
    if getattr(axes.dataLim, f"{axis}0") > 0:
        axes.set(**{f"{axis}scale": "log"})
        where.set_major_locator(LogLocator(subs=(1, 2, 5)))
    else:
        axes.set(**{f"{axis}scale": SymmetricalLogScale(None, linthresh=LINEAR)})
        where.set_major_locator(SymmetricalLogLocator(base=10, linthresh=LINEAR))
    where.set_minor_locator(NullLocator())
    where.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _wrapped(lines: Iterable[str], width: float) -> list[str]:
    return [part for line in lines for part in textwrap.wrap(line, int(width * CHARACTERS_AN_INCH))]
