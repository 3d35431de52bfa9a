"""Correlations of concepts in generated pictures after each cut, beside their closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import heat, matrices, style
from facsimile.papers.ccgm.cuts import CUTS
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLACE = ["dataset", "method", "cut", "first", "second"]
COLUMNS = [*PLACE, "value", "theory", "n"]
PATTERN = r"^edge_cut\.pair_([0-9]+)_([0-9]+)_([a-z_]+?)(_theory)?$"
TITLES = {
    "kept": "edge kept",
    "halved": "edge halved",
    "cut": "edge cut",
    "all_cut": "all edges cut",
}
REMARK = (
    "Below the diagonal: as a reader reads the pictures; above: the closed form of the linear "
    "layer. Means over seeds."
)
Matrix = npt.NDArray[np.float64]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One row of panels per data set and method, one column per cut."""
    data = _means(scores, spec, context)
    figure = matrices.draw(
        data,
        CUTS,
        "cut",
        (2.3, 2.3),
        _panel,
        _title,
        REMARK,
        spec,
        context,
    )
    return Drawn(figure, data)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: no matrix was printed."""
    return []


def _means(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """Means over seeds of all entries and their closed forms, with the columns ``COLUMNS``."""
    shown = trained(scores, spec, context)
    places = shown["name"].str.extract(PATTERN)
    entries = shown.assign(
        first=places[0],
        second=places[1],
        cut=places[2],
        is_theory=places[3].notna(),
    )
    entries = entries.dropna(subset=["first"])
    if entries.empty:
        return pd.DataFrame(columns=COLUMNS)
    by_place = entries.groupby([*PLACE, "is_theory"], sort=False)["result"]
    means = by_place.agg(value="mean", n="count").reset_index()
    measured = means[~means["is_theory"]].drop(columns="is_theory")
    exact = means[means["is_theory"]].rename(columns={"value": "theory"})
    both = measured.merge(exact[[*PLACE, "theory"]], on=PLACE)
    numbers = {"first": np.int64, "second": np.int64}
    return both[COLUMNS].astype(numbers)


def _title(
    method: str,
    cut: str,
    n: int,
) -> str:
    """The cut; above the first one the method and n, too."""
    if cut != CUTS[0]:
        return TITLES[cut]
    return f"{names.model(method)}; n = {n}\n{TITLES[cut]}"


def _concepts(dataset: str) -> list[str]:
    """Names of the concepts of a scene."""
    # Not above: data sets import h5py, which the comparison need not wait for.
    from facsimile import datasets
    from facsimile.datasets.base.scene import Scene

    scene = datasets.grid(dataset)
    assert isinstance(scene, Scene)
    return [concept.replace("_", " ") for concept in scene.concepts]


def _panel(
    axes: Axes,
    entries: pd.DataFrame,
    dataset: str,
) -> None:
    """Draw one matrix: what is read below the diagonal, the closed form above."""
    concepts = _concepts(dataset)
    size = len(concepts)
    matrix = np.full((size, size), np.nan)
    first = entries["first"].to_numpy()
    second = entries["second"].to_numpy()
    matrix[second, first] = entries["value"]
    matrix[first, second] = entries["theory"]
    axes.imshow(
        matrix,
        cmap=heat.colours(),
        vmin=-1,
        vmax=1,
    )
    for i, j in np.argwhere(np.isfinite(matrix)):
        value = matrix[i, j]
        ink = "white" if abs(value) > heat.DARK else style.INK
        axes.text(
            j,
            i,
            heat.number(round(value, 2)),  # no zero with a sign
            ha="center",
            va="center",
            fontsize=7,
            color=ink,
        )
    short = [concept.removeprefix("shadow ") for concept in concepts]
    ticks = range(size)
    axes.set_xticks(ticks, short, fontsize=7, rotation=30)
    axes.set_yticks(ticks, short, fontsize=7)
    axes.tick_params(length=0)
    axes.grid(visible=False)
