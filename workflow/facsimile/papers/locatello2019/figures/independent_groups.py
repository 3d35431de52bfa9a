"""Into how many groups codes and factors fall as weaker relations are left out (Locatello et al. 2020, independent groups)."""

import pandas as pd
import seaborn as sns

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.metrics import unified
from facsimile.papers.locatello2019.figures import _matrices
from facsimile.papers.locatello2019.figures._matrices import Example
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
    "threshold",
    "groups",
    "discovered",
]
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)))


def draw(scores: pd.DataFrame, spec: Spec, context: Context, specimens: Specimens) -> Drawn:
    """A panel a matrix: groups that the entries at or above a threshold leave, a line a run, and factors that have a code."""
    examples = _matrices.examples(scores, spec, context, specimens)
    tables = [table for example in examples for table in _tables(example)]
    colours = sns.color_palette("colorblind", max(len(examples), 1))
    with style.styled():
        figure, panels = style.grid(len(_matrices.TITLES), 3.05, 2.3)
        for axes, (matrix, title) in zip(panels, _matrices.TITLES.items(), strict=True):
            own = [table for table in tables if table["matrix"].iloc[0] == matrix]
            for table, colour, dashes in zip(own, colours, DASHES, strict=False):
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
            if not examples:
                style.empty(axes, "no model is in the store")
            axes.set(
                xlabel=f"threshold: {title[0].lower()}{title[1:]}",
                ylabel="independent groups",
                ylim=(0, None),
            )
            sns.despine(ax=axes)
        lines = [
            style.Line2D([], [], color=c, ls=d, lw=1.4, label=e.said)
            for e, c, d in zip(examples, colours, DASHES, strict=False)
        ]
        style.finish(
            figure,
            spec,
            context,
            [_matrices.remark(spec), "Thin lines: factors that have a code."],
            lines,
        )
    return Drawn(figure, pd.concat(tables) if tables else pd.DataFrame(columns=COLUMNS))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: which runs are shown is chosen here."""
    return []


def _tables(example: Example) -> list[pd.DataFrame]:
    """The curves of each matrix, from the largest threshold."""
    tables = []
    for name, matrix in example.matrices.items():
        found = unified.curves(matrix)
        curves = {
            "threshold": found.thresholds,
            "groups": found.groups,
            "discovered": found.discovered,
        }
        tables.append(pd.DataFrame({**example.about, "matrix": name, **curves})[COLUMNS])
    return tables
