"""Which factors share a code as weaker relations count, as trees.

Locatello et al. 2020, dendrograms.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
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
    "factor_a",
    "factor_b",
    "threshold",
]
REMARK = (
    "To the right: the threshold; at its left end factors are joined that no entry above 0 joins."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One row per run, one column per matrix.

    Factors are joined at the largest threshold at which they are in one group.
    """
    examples = _matrices.examples(scores, spec, context, specimens)
    with style.styled():
        rows = max(len(examples), 1)
        columns = len(_matrices.TITLES)
        figure, grid = style.panels(rows, columns, 2.9, 1.9)
        for j, (matrix, title) in enumerate(_matrices.TITLES.items()):
            for axes, example in zip(grid[:, j], examples, strict=False):
                _panel(axes, example, _matrices.unified().merges(example.matrices[matrix]))
                axes.set_xlabel(title)
        for axes, example in zip(grid[:, 0], examples, strict=False):
            axes.set_title(example.title, loc="left", fontsize=8)
        if not examples:
            for axes in grid.flat:
                axes.set_axis_off()
                style.empty(axes, _matrices.MISSING)
        style.finish(figure, spec, context, [_matrices.remark(spec), REMARK])
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
    merges: Matrix,
) -> None:
    """Draw the tree of one matrix, from the thresholds at which factors merge [k, k].

    Single linkage of the distances below the largest threshold gives the groups themselves.
    """
    from matplotlib.ticker import MaxNLocator
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    top = float(merges.max())
    distances = top - merges
    np.fill_diagonal(distances, 0)
    tree = hierarchy.linkage(squareform(distances, checks=False), "single")
    hierarchy.dendrogram(
        tree,
        ax=axes,
        orientation="left",
        labels=example.factors,
        link_color_func=lambda _: style.INK,
    )
    # The axis is of distances; its labels are the thresholds themselves.
    axes.xaxis.set_major_formatter(lambda distance, _: f"{top - distance:.2g}")
    axes.set_xlim(top * 1.02, 0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(labelsize=7)
    axes.grid(visible=False)
    style.despine(axes, left=True)


def _rows(example: Example) -> list[tuple[object, ...]]:
    """One row per matrix and pair of factors, with the columns ``COLUMNS``."""
    identity = tuple(example.identity.values())
    factors = example.factors
    pairs = list(itertools.combinations_with_replacement(range(len(factors)), 2))
    rows = []
    for name, matrix in example.matrices.items():
        merges = _matrices.unified().merges(matrix)
        for a, b in pairs:
            rows.append((*identity, name, factors[a], factors[b], float(merges[a, b])))
    return rows
