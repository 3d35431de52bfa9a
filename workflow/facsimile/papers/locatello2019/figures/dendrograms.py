"""Which factors share a code as weaker relations count, as trees (Locatello et al. 2020, dendrograms)."""

import itertools

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.metrics import unified
from facsimile.papers.locatello2019.figures import _matrices
from facsimile.papers.locatello2019.figures._matrices import Example, Matrix
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec

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


def draw(scores: pd.DataFrame, spec: Spec, context: Context, specimens: Specimens) -> Drawn:
    """A row a run, a column a matrix: factors join at the largest threshold at which they are in one group."""
    examples = _matrices.examples(scores, spec, context, specimens)
    with style.styled():
        figure, grid = style.panels(max(len(examples), 1), len(_matrices.TITLES), 2.9, 1.9)
        for (j, (matrix, title)), (i, example) in itertools.product(
            enumerate(_matrices.TITLES.items()), enumerate(examples)
        ):
            _panel(grid[i, j], example, unified.merges(example.matrices[matrix]))
            grid[i, j].set_xlabel(title)
        for axes, example in zip(grid[:, 0], examples, strict=False):
            axes.set_title(example.said, loc="left", fontsize=8)
        for axes in grid.flat if not examples else ():
            axes.set_axis_off()
            style.empty(axes, "no model is in the store")
        style.finish(figure, spec, context, [_matrices.remark(spec), _remark()])
    return Drawn(
        figure,
        pd.DataFrame([row for example in examples for row in _rows(example)], columns=COLUMNS),
    )


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: which runs are shown is chosen here."""
    return []


def _panel(axes: Axes, example: Example, merges: Matrix) -> None:
    """Single linkage, by how far each merge is below the largest threshold: the tree of the groups themselves."""
    top = float(merges.max())
    apart = top - merges
    np.fill_diagonal(apart, 0)
    tree = hierarchy.linkage(squareform(apart, checks=False), "single")
    ink = style.INK
    hierarchy.dendrogram(
        tree, ax=axes, orientation="left", labels=example.factors, link_color_func=lambda _: ink
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda distance, _: f"{top - distance:.2g}"))
    axes.set_xlim(top * 1.02, 0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(labelsize=7)
    axes.grid(visible=False)
    sns.despine(ax=axes, left=True)


def _rows(example: Example) -> list[tuple[object, ...]]:
    about, k = tuple(example.about.values()), len(example.factors)
    found = {name: unified.merges(matrix) for name, matrix in example.matrices.items()}
    pairs = list(itertools.combinations_with_replacement(range(k), 2))
    named = example.factors
    return [
        (*about, name, named[a], named[b], float(m[a, b]))
        for name, m in found.items()
        for a, b in pairs
    ]


def _remark() -> str:
    return "To the right: the threshold; at its left end factors are joined that no entry above 0 joins."
