"""One drawing per metric: its headline as pairs of latents are rotated, and as noise grows."""

import io
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes

from facsimile.commands.pages import metric_values
from facsimile.commands.pages.metric_values import Value
from facsimile.figures.base import style as base_style
from facsimile.metrics.base import cases
from facsimile.metrics.base.metric_card import Card

# Text remains text, and a fixed salt makes the file the same each time.
OUTPUT: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "facsimile"}
# Later conventions are drawn thinner and dashed, so that they do not hide the first one.
FIRST_STYLE: dict[str, Any] = {"marker": "o", "lw": 2.2, "ls": "-", "ms": 6}
LATER_STYLES: list[dict[str, Any]] = [
    {"marker": "s", "lw": 1.2, "ls": "--", "ms": 4},
    {"marker": "D", "lw": 1.2, "ls": ":", "ms": 4},
    {"marker": "^", "lw": 1.2, "ls": "-.", "ms": 4},
    {"marker": "v", "lw": 1.2, "ls": "--", "ms": 4},
    {"marker": "P", "lw": 1.2, "ls": ":", "ms": 4},
    {"marker": "X", "lw": 1.2, "ls": "-.", "ms": 4},
]
STYLES = [FIRST_STYLE, *LATER_STYLES]
PANELS = {
    "pairs of latents turned by, degrees": cases.ROTATION,
    "noise, standard deviations of a latent": cases.NOISE,
}


def svg(
    card: Card,
    values: list[Value],
) -> bytes:
    """The drawing as SVG; its points are in the .csv file of the metric."""
    with base_style.styled(), mpl.rc_context(OUTPUT):
        figure, axes = base_style.panels(1, len(PANELS), 3.4, 2.5, sharey=True)
        for panel, (label, steps) in zip(axes[0], PANELS.items(), strict=True):
            _draw(panel, steps, card, values)
            panel.set_xlabel(label)
        first = axes[0, 0]
        first.set_ylabel(f"{card.headline}\n({card.better} is better)")
        if len(first.lines) > 1:
            first.legend(frameon=False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    lines = [line.rstrip() for line in file.getvalue().splitlines()]
    return "\n".join(lines).encode() + b"\n"


def _draw(
    axes: Axes,
    steps: dict[float, str],
    card: Card,
    values: list[Value],
) -> None:
    """Draw one line per convention; ``steps`` maps positions on the x axis to cases."""
    # Conventions are compared over all panels, so that each has the same colour in both.
    all_cases = [case for panel in PANELS.values() for case in panel.values()]
    columns = metric_values.groups(values, card.headline, all_cases)
    colours = sns.color_palette("colorblind", len(columns))
    for (convention, column), colour, style in zip(columns.items(), colours, STYLES, strict=False):
        x = []
        y = []
        for position, case in steps.items():
            value = column.get(case)
            if value is not None:
                x.append(position)
                y.append(value)
        if x:
            axes.plot(x, y, color=colour, label=convention, **style)
    low, high = card.range
    if max(abs(low), abs(high)) < float("inf"):
        margin = 0.03 * (high - low)
        axes.set_ylim(low - margin, high + margin)
