"""Scores of each method, by what the study calls it, over its hyper-parameters and seeds (Michlo et al. 2023, Fig. 11)."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import labels, style, violins
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One panel a (data set, score), one violin a label of the spec's ``models``, or a method where there are no labels."""
    found, wanted = select(scores, spec, context)
    own = labels.cells(found[~found["control"].astype(bool)])
    called = list(spec.models) or list(dict.fromkeys(own["called"]))
    shown = [(dataset, name) for dataset in context.shown(spec) for name in wanted]
    with style.styled():
        figure, panels = style.grid(
            len(shown), 3.4, 0.62 + 0.34 * len(called), columns=2, sharey=True
        )
        for axes, (dataset, name) in zip(panels, shown, strict=True):
            _panel(axes, own[(own["dataset"] == dataset) & (own["name"] == name)], called, found)
            axes.set_title(style.titled(name, dataset, spec, context), loc="left")
        style.finish(
            figure,
            spec,
            context,
            [violins.remark(found)],
            violins.legend()[: 1 + 2 * bool(context.design.controls)],
        )
    return Drawn(figure, labels.data(own))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of every violin."""
    return labels.quantities(spec, context)


def _panel(axes: Axes, own: pd.DataFrame, called: list[str], found: pd.DataFrame) -> None:
    values = {name: runs["result"].to_numpy(dtype=float) for name, runs in own.groupby("called")}
    colours = sns.color_palette("colorblind", max(1, len(called)))
    groups = [
        (names.model(name), values.get(name, np.zeros(0)), colour)
        for name, colour in zip(called, colours, strict=False)
    ]
    violins.rows(
        axes,
        groups,
        found[found["control"].astype(bool) & found["name"].isin(own["name"].unique())],
    )
