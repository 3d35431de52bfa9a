"""Predictive densities over all inputs, beside the exact ones.

Müller et al. 2022 draw such pictures for a Gaussian process with one feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data, style
from facsimile.figures.base.specimens import Specimens
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWS_MODELS = True
SIZE = (2.6, 2.0)  # of a panel, in inches
SHOWN = (2, 5, 10)  # numbers of observed points
COLOURS = "light:#0173b2"
DASHES = (0, (4, 3))
MISSING = "its run is not in the store"
COLUMNS = ["run", "method", "n", "x", "exact_mean", "exact_deviation", "mean", "deviation"]
REMARK = (
    "One set and one run of each method, the first seed. Shaded: the density that the network "
    "predicts. Lines: mean of the exact predictive distribution, and two standard deviations from "
    "it. Dots: observed points."
)
Arrays = dict[str, npt.NDArray[Any]]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One row of panels per method, one column per number of observed points."""
    chosen = trained(scores, spec, context)
    methods = [name for name in context.methods(spec) if name in set(chosen["method"])]
    tables = []
    with style.styled():
        figure, grid = style.panels(
            max(1, len(methods)),
            len(SHOWN),
            *SIZE,
            sharex=True,
            sharey=True,
        )
        for row, method in zip(grid, methods, strict=False):
            run = str(min(chosen.loc[chosen["method"] == method, "run"]))
            arrays = specimens.inferred(run) if specimens.has(run) else {}
            row[0].set_ylabel(names.model(method))
            for axes, n in zip(row, SHOWN, strict=True):
                if "density" not in arrays:
                    style.empty(axes, MISSING)
                    continue
                tables.append(_panel(axes, arrays, n).assign(run=run, method=method))
        for axes, n in zip(grid[0], SHOWN, strict=True):
            axes.set_title(f"{n} observed points", loc="left")
        if not methods:
            style.empty(grid[0, 0], "no runs")
        style.finish(figure, spec, context, [REMARK])
    table = data.joined(tables, COLUMNS)
    return Drawn(figure, table[COLUMNS].reset_index(drop=True))


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: a picture states no number."""
    return []


def _panel(
    axes: Axes,
    arrays: Arrays,
    n: int,
) -> pd.DataFrame:
    """Draw one panel; return one row per input, with the columns ``COLUMNS`` without the run."""
    index = arrays["picture_observed"].tolist().index(n)
    x, values = arrays["picture_x"], arrays["picture_y"]
    density = arrays["density"][index]
    mean = arrays["exact_mean"][index]
    deviation = np.sqrt(arrays["exact_variance"][index])
    # Densities of narrow predictions are much higher; each column has its own scale.
    shade = density / density.max(1, keepdims=True)
    axes.pcolormesh(
        x,
        values,
        shade.T,
        cmap=style.colour_map(COLOURS),
        shading="nearest",
        rasterized=True,
    )
    for offset, dashes in ((0, "-"), (-2, DASHES), (2, DASHES)):
        axes.plot(x, mean + offset * deviation, color=style.INK, lw=0.9, ls=dashes)
    axes.plot(
        arrays["points_x"][:n],
        arrays["points_y"][:n],
        color=style.INK,
        marker="o",
        ls="",
        ms=3,
    )
    axes.set(ylim=(values[0], values[-1]))
    axes.grid(visible=False)
    style.despine(axes)
    weights = density / density.sum(1, keepdims=True)
    own_mean = weights @ values
    squared = weights @ values**2 - own_mean**2
    return pd.DataFrame(
        {
            "n": n,
            "x": x,
            "exact_mean": mean,
            "exact_deviation": deviation,
            "mean": own_mean,
            "deviation": np.sqrt(squared.clip(min=0)),
        }
    )
