"""One drawing a metric: its headline while latents are turned into one another, and while they drown in noise."""

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

# Text stays text, and nothing changes from one drawing to the next.
OUTPUT: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "facsimile"}
# A convention whose values are nearly the first one's is seen on top of it: thinner, and broken.
STYLES: list[dict[str, Any]] = [{"marker": "o", "lw": 2.2, "ls": "-", "ms": 6}] + [
    {"marker": marker, "lw": 1.2, "ls": line, "ms": 4}
    for marker, line in zip("sD^vPX", ["--", ":", "-."] * 2, strict=True)
]
PANELS = {
    "pairs of latents turned by, degrees": cases.ROTATION,
    "noise, standard deviations of a latent": cases.NOISE,
}


def svg(card: Card, values: list[Value]) -> bytes:
    """The drawing; its points are in the metric's .csv."""
    with base_style.styled(), mpl.rc_context(OUTPUT):
        figure, axes = base_style.panels(1, len(PANELS), 3.4, 2.5, sharey=True)
        for panel, (label, steps) in zip(axes[0], PANELS.items(), strict=True):
            _draw(panel, steps, card, values)
            panel.set_xlabel(label)
        axes[0, 0].set_ylabel(f"{card.headline}\n({card.better} is better)")
        if len(axes[0, 0].lines) > 1:
            axes[0, 0].legend(frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).encode() + b"\n"


def _draw(axes: Axes, steps: dict[float, str], card: Card, values: list[Value]) -> None:
    every = [case for panel in PANELS.values() for case in panel.values()]
    shown = metric_values.groups(values, card.headline, every)
    colours = sns.color_palette("colorblind", len(shown))
    for (convention, column), colour, style in zip(shown.items(), colours, STYLES, strict=False):
        points = [(x, y) for x, case in steps.items() if (y := column.get(case)) is not None]
        axes.plot(*zip(*points, strict=True), color=colour, label=convention, **style)
    low, high = card.range
    if max(abs(low), abs(high)) < float("inf"):
        axes.set_ylim(low - 0.03 * (high - low), high + 0.03 * (high - low))
