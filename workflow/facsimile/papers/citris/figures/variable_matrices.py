"""Matrices of how well each causal variable is predicted from the latents of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import heat, matrices, style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = [*matrices.IDENTITY, "metric", "latents_of", "variable", "value", "n"]
DIAGONAL = "_diag"
COLOURS = "viridis"
DARK = 0.6  # numbers below are printed in white
REMARK = (
    "A row has the latents that belong to one variable, a column the variable that is predicted "
    "from them; 1 on the diagonal and 0 elsewhere is best. Means over seeds."
)
Matrix = npt.NDArray[np.float64]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One row of panels per data set and method, one column per score.

    A score is the mean of a diagonal, as ``r2_diag``; its whole matrix is drawn.
    """
    data = _means(scores, spec, context)
    figure = matrices.draw(
        data,
        spec.metrics,
        "metric",
        (3.4, 2.9),
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
    """None: no paper prints the entries of its matrices."""
    return []


def _means(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """Means over seeds of all entries, with the columns ``COLUMNS``."""
    shown = trained(scores, spec, context)
    parts = []
    for metric in spec.metrics:
        matrix = metric.removesuffix(DIAGONAL)
        pattern = f"{re.escape(matrix)}_([0-9]+)_([0-9]+)"
        places = shown["name"].str.extract(f"^{pattern}$")
        entries = shown.assign(
            metric=metric,
            latents_of=places[0],
            variable=places[1],
        )
        entries = entries.dropna(subset=["variable"])
        grouped = entries.groupby(COLUMNS[:5], sort=False)["result"]
        means = grouped.agg(value="mean", n="count").reset_index()
        parts.append(means)
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    numbers = {"latents_of": np.int64, "variable": np.int64}
    return pd.concat(parts)[COLUMNS].astype(numbers)


def _variables(dataset: str) -> list[str]:
    """Names of the causal variables of a data set of sequences."""
    # Not above: data sets import h5py, which the comparison need not wait for.
    from facsimile import datasets
    from facsimile.datasets.base.sequences import Sequences

    data = datasets.grid(dataset)
    assert isinstance(data, Sequences)
    return [name.replace("_", " ") for name in data.variables]


def _title(
    method: str,
    metric: str,
    n: int,
) -> str:
    return f"{names.model(method)} · {_quantity(metric)}; n = {n}"


def _quantity(metric: str) -> str:
    """What a quantity is called: R² or Spearman."""
    return "R²" if metric.endswith("r2_diag") else "Spearman"


def _panel(
    axes: Axes,
    entries: pd.DataFrame,
    dataset: str,
) -> None:
    """Draw one matrix with its numbers."""
    variables = _variables(dataset)
    k = len(variables)
    matrix = np.full((k, k), np.nan)
    rows, columns = entries["latents_of"], entries["variable"]
    matrix[rows, columns] = entries["value"]
    axes.imshow(
        matrix,
        cmap=COLOURS,
        vmin=0,
        vmax=1,
    )
    for i, j in np.ndindex(k, k):
        ink = "white" if matrix[i, j] < DARK else "black"
        axes.text(
            j,
            i,
            heat.number(float(matrix[i, j])),
            ha="center",
            va="center",
            color=ink,
            fontsize=7,
        )
    ticks = np.arange(k)
    axes.set_xticks(
        ticks,
        variables,
        rotation=30,
        ha="right",
        fontsize=7,
    )
    axes.set_yticks(
        ticks,
        [f"latents of {name}" for name in variables],
        fontsize=7,
    )
    axes.tick_params(length=0)
    axes.grid(visible=False)
    style.despine(axes, left=True, bottom=True)
