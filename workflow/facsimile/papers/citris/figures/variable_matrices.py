"""Matrices of how well each causal variable is predicted from the latents of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import (
    once_per_run,
    rows_of_models,
    with_names,
    without_controls,
)
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

IDENTITY = ["dataset", "method"]
COLUMNS = [*IDENTITY, "metric", "latents_of", "variable", "value", "n"]
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
    shown = list(data[IDENTITY].drop_duplicates().itertuples(index=False))
    with style.styled():
        figure, grid = style.panels(
            max(1, len(shown)),
            len(spec.metrics),
            3.4,
            2.9,
        )
        for row, (dataset, method) in zip(grid, shown, strict=False):
            is_row = (data["dataset"] == dataset) & (data["method"] == method)
            for axes, metric in zip(row, spec.metrics, strict=True):
                entries = data[is_row & (data["metric"] == metric)]
                _panel(axes, entries, _variables(dataset))
                label = f"{names.model(method)} · {_quantity(metric)}"
                if len(context.shown(spec)) > 1:
                    label = f"{names.dataset(dataset)} · {label}"
                axes.set_title(f"{label}; n = {entries['n'].max()}", loc="left", fontsize=8)
        if not shown:
            for axes in grid.flat:
                axes.set_axis_off()
                style.empty(axes, "no run has such scores")
        style.finish(figure, spec, context, [REMARK])
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
    shown = scores[scores["dataset"].isin(context.shown(spec))]
    named = once_per_run(with_names(without_controls(shown)))
    shown = rows_of_models(named, spec.models)
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


def _quantity(metric: str) -> str:
    """What a quantity is called: R² or Spearman."""
    return "R²" if metric.endswith("r2_diag") else "Spearman"


def _panel(
    axes: Axes,
    entries: pd.DataFrame,
    variables: list[str],
) -> None:
    """Draw one matrix with its numbers."""
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
        text = f"{matrix[i, j] + 0.0:.2f}".replace("-", "−")
        axes.text(
            j,
            i,
            text,
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
