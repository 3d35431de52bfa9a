"""Scores of each method over hyper-parameters and seeds, as violins (Locatello et al. 2019, Fig. 3 left family)."""

import pandas as pd
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import style, violins
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One panel a (data set, score), one violin a method, cut at its data; medians, controls and n are marked."""
    found, wanted = select(scores, spec, context)
    shown = [(dataset, name) for dataset in context.shown(spec) for name in wanted]
    methods = context.methods(spec)
    with style.styled():
        figure, panels = style.grid(len(shown), 3.05, 0.62 + 0.3 * len(methods), sharey=True)
        for axes, (dataset, name) in zip(panels, shown, strict=True):
            _panel(
                axes,
                found[(found["dataset"] == dataset) & (found["name"] == name)],
                methods,
                context,
            )
            axes.set_title(style.titled(name, dataset, spec, context), loc="left")
        style.finish(figure, spec, context, [violins.remark(found)], violins.legend())
    return Drawn(figure, violins.data(found))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of every violin, of the paper's data sets and of those drawn here."""
    wanted = [
        (dataset, name)
        for dataset in context.paper_and_shown(spec)
        for name in context.metrics_of(spec)
    ]
    return [
        Quantity(spec.id, d, model, "", name, "median")
        for d, name in wanted
        for model in context.methods(spec)
    ]


def _panel(axes: Axes, found: pd.DataFrame, methods: list[str], context: Context) -> None:
    palette = style.colours(context.design.models)
    values = {model: own["result"].to_numpy(dtype=float) for model, own in found.groupby("model")}
    none = found["result"].to_numpy(dtype=float)[:0]
    groups = [(names.model(model), values.get(model, none), palette[model]) for model in methods]
    violins.rows(axes, groups, found[found["control"].astype(bool)])
