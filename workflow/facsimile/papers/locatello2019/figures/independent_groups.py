"""Number of groups into which codes and factors fall as weaker relations are left out.

Locatello et al. 2020, independent groups.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data as base_data
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.papers.locatello2019.figures import _matrices
from facsimile.papers.locatello2019.figures._matrices import Example, Matrix
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWS_MODELS = True
COLUMNS = [
    "dataset",
    "model",
    "params",
    "seed",
    "run",
    "rank",
    "matrix",
    "threshold",
    "groups",
    "discovered",
]
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)))


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One panel per matrix, one line per run.

    It shows the number of groups that the entries at or above a threshold leave and, as a thin
    line, the number of factors that have a code.
    """
    examples = _matrices.examples(scores, spec, context, specimens)
    palette = style.palette(max(len(examples), 1))
    tables = []
    # By run for the data, by matrix for the panels.
    tables_of_matrix = defaultdict(list)
    for example in examples:
        for name, matrix in example.matrices.items():
            table = _curves(example, name, matrix)
            tables.append(table)
            tables_of_matrix[name].append(table)
    with style.styled():
        figure, panels = style.grid(len(_matrices.TITLES), 3.05, 2.3)
        for axes, (name, title) in zip(panels, _matrices.TITLES.items(), strict=True):
            _panel(axes, tables_of_matrix[name], palette)
            if not examples:
                style.empty(axes, _matrices.MISSING)
            axes.set(
                xlabel=f"threshold: {title[0].lower()}{title[1:]}",
                ylabel="independent groups",
                ylim=(0, None),
            )
            style.despine(axes)
        legend = []
        for example, colour, dashes in zip(examples, palette, DASHES, strict=False):
            legend.append(
                style.legend_line(
                    color=colour,
                    ls=dashes,
                    lw=1.4,
                    label=example.title,
                )
            )
        remarks = [_matrices.remark(spec), "Thin lines: factors that have a code."]
        style.finish(figure, spec, context, remarks, legend)
    return Drawn(figure, base_data.joined(tables, COLUMNS))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: the runs shown are chosen here, not by the paper."""
    return []


def _panel(
    axes: Axes,
    tables: list[pd.DataFrame],
    palette: list[Any],
) -> None:
    """Draw the curves of one matrix, one table and colour per run."""
    for table, colour, dashes in zip(tables, palette, DASHES, strict=False):
        axes.plot(
            table["threshold"],
            table["groups"],
            color=colour,
            ls=dashes,
            drawstyle="steps-pre",
            lw=1.4,
        )
        axes.plot(
            table["threshold"],
            table["discovered"],
            color=colour,
            drawstyle="steps-pre",
            lw=0.6,
            alpha=0.6,
        )


def _curves(
    example: Example,
    name: str,
    matrix: Matrix,
) -> pd.DataFrame:
    """One row per threshold, from the largest, with the columns ``COLUMNS``."""
    curves = _matrices.unified().curves(matrix)
    table = {
        **example.identity,
        "matrix": name,
        "threshold": curves.thresholds,
        "groups": curves.groups,
        "discovered": curves.discovered,
    }
    return pd.DataFrame(table)[COLUMNS]
