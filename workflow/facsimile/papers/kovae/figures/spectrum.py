"""Eigenvalues of operators in the complex plane, beside the unit circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data, style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Panels show all eigenvalues of a method, not only those that the target names.
SHOWS_VARIATIONS = True
SIZE = (2.3, 2.3)  # of a panel, in inches
PART = r"^operator_spectrum\.(re|im)_(\d+)$"
COLUMNS = ["dataset", "method", "run", "eigenvalue", "re", "im"]
REMARK = (
    "Dots: eigenvalues of the operator that is nearest to the prior's draws, of all seeds. Line: "
    "unit circle; eigenvalues inside it belong to motions that die out."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set and method."""
    table = _eigenvalues(trained(scores, spec, context))
    panels = list(table.groupby(["dataset", "method"], sort=False))
    with style.styled():
        figure, grid = style.grid(max(1, len(panels)), *SIZE, columns=3)
        for axes, ((dataset, method), rows) in zip(grid, panels, strict=False):
            _draw_panel(axes, rows)
            title = names.model(str(method))
            if table["dataset"].nunique() > 1:
                title = f"{names.dataset(str(dataset))}: {title}"
            axes.set_title(title, loc="left", fontsize=7)
        if not panels:
            style.empty(grid[0], "no scores")
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, table)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: the paper prints no eigenvalues."""
    return []


def _eigenvalues(trained: pd.DataFrame) -> pd.DataFrame:
    """One row per run and eigenvalue, with the columns ``COLUMNS``."""
    part = trained["name"].str.extract(PART)
    parts = trained.assign(part=part[0], eigenvalue=part[1])[part[0].notna()]
    keys = COLUMNS[:4]
    tables = []
    for name in ("re", "im"):
        rows = parts.loc[parts["part"] == name, [*keys, "result"]]
        tables.append(rows.rename(columns={"result": name}).set_index(keys))
    table = tables[0].join(tables[1]).reset_index()
    table["eigenvalue"] = table["eigenvalue"].astype(int)
    return data.joined([table], COLUMNS)[COLUMNS].sort_values(keys).reset_index(drop=True)


def _draw_panel(
    axes: Axes,
    rows: pd.DataFrame,
) -> None:
    angles = np.linspace(0, 2 * np.pi, 201)
    axes.plot(np.cos(angles), np.sin(angles), color=style.INK, lw=0.8)
    axes.plot(rows["re"], rows["im"], "o", color=style.palette(1)[0], ms=3, alpha=0.6)
    axes.set_aspect("equal")
    axes.set(xlabel="real part", ylabel="imaginary part", xlim=(-1.2, 1.2), ylim=(-1.2, 1.2))
    style.despine(axes)
