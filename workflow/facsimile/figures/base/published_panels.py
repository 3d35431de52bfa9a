"""Panels of published and of our values side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures.base import style
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def split(table: pd.DataFrame, columns: Sequence[str]) -> list[pd.DataFrame]:
    """The rows of each panel, which agree in ``columns``; an empty table is one panel."""
    grouped = table.groupby(list(columns), sort=False)
    return [panel for _, panel in grouped] or [table]


def drawn(
    panels: Sequence[pd.DataFrame],
    size: tuple[float, float],
    draw_panel: Callable[[Axes, pd.DataFrame], None],
    spec: Spec,
    context: Context,
    remark: str,
) -> Figure:
    """A figure of the panels, two per row; ``size``: width and height of one, in inches."""
    with style.styled():
        figure, grid = style.grid(len(panels), *size, columns=2)
        for axes, panel in zip(grid, panels, strict=True):
            draw_panel(axes, panel)
        return style.finish(figure, spec, context, [remark])
