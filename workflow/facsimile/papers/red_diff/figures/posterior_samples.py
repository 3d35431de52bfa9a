"""Samples of the first two coordinates, beside the density that they are to follow.

Mardani et al. 2024; the problem is that of Qiu et al. 2026. One panel per method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data, style
from facsimile.papers.red_diff.inverse import inverse
from facsimile.presentation.context import Context
from facsimile.presentation.select import trained
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics.diffusion.gaussian_mixture import Floats, GaussianMixture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (2.1, 2.1)  # of a panel, in inches
LOW, HIGH = -3.6, 7.2
PARTS = (0.95, 0.5)  # of the probability inside of a contour
KEYS = ["method", "run", "number"]
COLUMNS = [*KEYS, "first", "second"]
REMARK = (
    "Dots: 25 samples of each of the seeds. Lines: half and 95 % of the exact posterior. Least "
    "squares is the cross."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per method."""
    table = _points(trained(scores, spec, context))
    scored = set(table["method"])
    methods = [method for method in context.methods(spec) if method in scored]
    grid, densities, levels = _density()
    with style.styled():
        count = max(1, len(methods))
        figure, panels = style.grid(count, *SIZE, columns=3)
        colour = style.palette(1)[0]
        for axes, method in zip(panels, methods, strict=False):
            points = table[table["method"] == method]
            axes.contour(
                grid,
                grid,
                densities,
                levels,
                colors=[style.INK],
                linewidths=0.7,
            )
            axes.plot(
                points["first"],
                points["second"],
                "o",
                ms=2,
                alpha=0.5,
                color=colour,
            )
            _finish(axes, method)
        if not methods:
            style.empty(panels[0], "no scores")
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, table)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: samples are no numbers of a paper."""
    return []


def _finish(
    axes: Axes,
    title: str,
) -> None:
    axes.plot(0, 0, "x", color=style.INK, ms=5)
    axes.set_xlim(LOW, HIGH)
    axes.set_ylim(LOW, HIGH)
    axes.set_aspect("equal")
    axes.set_title(title, loc="left", fontsize=7)
    style.despine(axes)


def _points(trained: pd.DataFrame) -> pd.DataFrame:
    """One row per sample, with the columns ``COLUMNS``."""
    sides = []
    for side in ("first", "second"):
        numbers = trained["name"].str.extract(rf"^posterior_fidelity\.{side}_(\d+)$")[0]
        rows = trained[numbers.notna()]
        columns = {
            "method": rows["method"],
            "run": rows["run"],
            "number": numbers[numbers.notna()].astype(int),
            side: rows["result"],
        }
        table = pd.DataFrame(columns)
        sides.append(data.joined([table], [*KEYS, side]))
    first, second = sides
    both = first.merge(second, on=KEYS)
    return both.sort_values(KEYS, ignore_index=True)


def _density() -> tuple[Floats, Floats, list[float]]:
    """Places [g], the exact density [g, g] there, and its levels that enclose ``PARTS``.

    Nothing observes the two coordinates under A1, and they are independent of the others, so that
    their posterior is their prior.
    """
    # Not at the top: it imports h5py, for which a comparison must not wait.
    from facsimile.papers.red_diff.datasets.linear_inverse import LinearInverse

    prior = inverse(LinearInverse.generate(None)).prior
    plane = GaussianMixture(
        prior.weights,
        prior.means[:, :2],
        prior.covariances[:, :2, :2],
    )
    grid = np.linspace(LOW, HIGH, 121)
    first, second = np.meshgrid(grid, grid)
    places = np.stack([first.ravel(), second.ravel()], axis=1)
    densities = np.exp(plane.log_density(places))
    ordered = np.sort(densities)[::-1]
    enclosed = np.cumsum(ordered) / ordered.sum()
    levels = ordered[np.searchsorted(enclosed, PARTS)]
    return grid, densities.reshape(first.shape), levels.tolist()
