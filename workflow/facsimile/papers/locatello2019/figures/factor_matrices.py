"""The matrices of codes and factors that metrics aggregate, of a good, a middling and a bad model (Locatello et al. 2020)."""

import itertools

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.papers.locatello2019.figures import _matrices
from facsimile.papers.locatello2019.figures._matrices import Example
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec

SHOWS_MODELS = True
COLUMNS = ["dataset", "model", "params", "seed", "run", "rank", "matrix", "code", "factor", "value"]
COLOURS = sns.color_palette("cividis", as_cmap=True)


def draw(scores: pd.DataFrame, spec: Spec, context: Context, specimens: Specimens) -> Drawn:
    """A row a run, a column a matrix: codes downwards, factors to the right; a matrix's colours are the same in every row."""
    examples = _matrices.examples(scores, spec, context, specimens)
    with style.styled():
        figure, grid = style.panels(max(len(examples), 1), len(_matrices.TITLES), 2.9, 2.6)
        for j, (matrix, title) in enumerate(_matrices.TITLES.items()):
            top = max((float(example.matrices[matrix].max()) for example in examples), default=1.0)
            for axes, example in zip(grid[:, j], examples, strict=False):
                image = _panel(axes, example, matrix, top)
            if examples:
                figure.colorbar(
                    image, ax=grid[:, j], shrink=0.5, aspect=24, pad=0.02, location="bottom"
                ).set_label(title)
        for axes, example in zip(grid[:, 0], examples, strict=False):
            axes.set_title(example.said, loc="left", fontsize=8)
        for axes in grid.flat if not examples else ():
            axes.set_axis_off()
            style.empty(axes, "no model is in the store")
        style.finish(figure, spec, context, [_matrices.remark(spec)])
    return Drawn(
        figure,
        pd.DataFrame([row for example in examples for row in _rows(example)], columns=COLUMNS),
    )


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: which runs are shown is chosen here."""
    return []


def _panel(axes: Axes, example: Example, matrix: str, top: float) -> AxesImage:
    values = example.matrices[matrix]
    image = axes.imshow(
        values, cmap=COLOURS, vmin=0, vmax=top, aspect="auto", interpolation="nearest"
    )
    for i, j in np.ndindex(*values.shape):
        ink = "white" if values[i, j] < 0.55 * top else "black"
        axes.text(j, i, f"{values[i, j]:.2f}", ha="center", va="center", fontsize=5.5, color=ink)
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
    about = tuple(example.about.values())
    cells = itertools.chain.from_iterable(
        ((name, *at) for at in np.ndindex(*m.shape)) for name, m in example.matrices.items()
    )
    return [
        (*about, name, i, example.factors[j], float(example.matrices[name][i, j]))
        for name, i, j in cells
    ]
