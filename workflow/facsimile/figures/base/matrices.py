"""A grid of matrices: one row of panels per data set and method, one column per kind of matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures.base import style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

IDENTITY = ["dataset", "method"]
MISSING = "no run has such scores"
Panel = Callable[["Axes", pd.DataFrame, str], None]
Title = Callable[[str, str, int], str]


def draw(
    data: pd.DataFrame,
    kinds: Sequence[str],
    column: str,
    size: tuple[float, float],
    panel: Panel,
    title: Title,
    remark: str,
    spec: Spec,
    context: Context,
) -> Figure:
    """Draw one matrix per panel.

    Parameters
    ----------
    data
        One row per entry of a matrix, with the columns ``IDENTITY``, ``column`` and ``n``.
    kinds
        Values of ``column``, one per column of panels.
    column
        What the columns of panels differ in.
    size
        Width and height of a panel, inches.
    panel
        Draws one matrix from its rows of ``data`` and the name of its data set.
    title
        Method, kind and n -> title of a panel, to which the data set is added if there are several.
    remark
        Stands below the panels.
    spec, context
        The figure, and what it is drawn from.
    """
    shown = list(data[IDENTITY].drop_duplicates().itertuples(index=False))
    with style.styled():
        figure, grid = style.panels(max(1, len(shown)), len(kinds), *size)
        for row, (dataset, method) in zip(grid, shown, strict=False):
            is_row = (data["dataset"] == dataset) & (data["method"] == method)
            for axes, kind in zip(row, kinds, strict=True):
                entries = data[is_row & (data[column] == kind)]
                panel(axes, entries, dataset)
                text = title(method, kind, entries["n"].max())
                if len(context.shown(spec)) > 1:
                    text = f"{names.dataset(dataset)} · {text}"
                axes.set_title(text, loc="left", fontsize=8)
        if not shown:
            for axes in grid.flat:
                axes.set_axis_off()
                style.empty(axes, MISSING)
        return style.finish(figure, spec, context, [remark])
