"""The matrices of codes and factors that metrics aggregate, of three models.

A good, a middling and a bad one (Locatello et al. 2020).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.papers.locatello2019.figures import _matrices
from facsimile.papers.locatello2019.figures._matrices import Example
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

SHOWS_MODELS = True
COLUMNS = ["dataset", "model", "params", "seed", "run", "rank", "matrix", "code", "factor", "value"]
COLOURS = "cividis"
DARK = 0.55  # share of the largest value below which numbers are printed in white


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One row per run, one column per matrix; codes are rows of a matrix, factors its columns.

    The colours of a matrix mean the same in every row.
    """
    examples = _matrices.examples(scores, spec, context, specimens)
    with style.styled():
        rows = max(len(examples), 1)
        columns = len(_matrices.TITLES)
        figure, grid = style.panels(rows, columns, 2.9, 2.6)
        for j, (matrix, title) in enumerate(_matrices.TITLES.items()):
            # The same colours in every row: the largest entry of all runs is the end of the scale.
            top = max((float(example.matrices[matrix].max()) for example in examples), default=1.0)
            for axes, example in zip(grid[:, j], examples, strict=False):
                image = _panel(axes, example, matrix, top)
            if examples:
                colour_bar = figure.colorbar(
                    image,
                    ax=grid[:, j],
                    shrink=0.5,
                    aspect=24,
                    pad=0.02,
                    location="bottom",
                )
                colour_bar.set_label(title)
        for axes, example in zip(grid[:, 0], examples, strict=False):
            axes.set_title(example.title, loc="left", fontsize=8)
        if not examples:
            for axes in grid.flat:
                axes.set_axis_off()
                style.empty(axes, _matrices.MISSING)
        style.finish(figure, spec, context, [_matrices.remark(spec)])
    data: list[tuple[object, ...]] = []
    for example in examples:
        data += _rows(example)
    return Drawn(figure, pd.DataFrame(data, columns=COLUMNS))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: the runs shown are chosen here, not by the paper."""
    return []


def _panel(
    axes: Axes,
    example: Example,
    matrix: str,
    top: float,
) -> AxesImage:
    values = example.matrices[matrix]
    image = axes.imshow(
        values,
        cmap=COLOURS,
        vmin=0,
        vmax=top,
        aspect="auto",
        interpolation="nearest",
    )
    for i, j in np.ndindex(*values.shape):
        # Numbers must be legible on the dark and on the light end of the colours.
        ink = "white" if values[i, j] < DARK * top else "black"
        axes.text(
            j,
            i,
            f"{values[i, j]:.2f}",
            ha="center",
            va="center",
            fontsize=5.5,
            color=ink,
        )
    axes.set(
        xticks=range(len(example.factors)),
        yticks=range(len(values)),
        yticklabels=[f"z{i}" for i in range(len(values))],
    )
    axes.set_xticklabels([name.replace(" ", "\n") for name in example.factors])
    axes.tick_params(length=0, labelsize=7)
    axes.grid(visible=False)
    return image


def _rows(example: Example) -> list[tuple[object, ...]]:
    """One row per matrix, code and factor, with the columns ``COLUMNS``."""
    identity = tuple(example.identity.values())
    rows = []
    for name, matrix in example.matrices.items():
        for (code, factor), value in np.ndenumerate(matrix):
            rows.append((*identity, name, code, example.factors[factor], float(value)))
    return rows
