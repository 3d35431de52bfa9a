"""Scores at each value of a method's hyper-parameter over seeds, as violins (Locatello et al. 2019, Fig. 3 right family)."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import style, violins
from facsimile.foundation import canonical
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec

COLUMNS = 6


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """A row of panels a (data set, score), a column a method, in each a violin a value; a row shares its axis of scores."""
    found, wanted = select(scores, spec, context)
    methods = [model for model in context.methods(spec) if model in context.design.sweeps]
    rows = [(dataset, name) for dataset in context.shown(spec) for name in wanted]
    width = 2.05 if len(methods) > 1 else 4.2
    with style.styled():
        figure, grid = style.panels(len(rows), max(len(methods), 1), width, 1.75, sharex="row")
        for (i, (dataset, name)), (j, model) in itertools.product(
            enumerate(rows), enumerate(methods)
        ):
            own = found[
                (found["dataset"] == dataset)
                & (found["name"] == name)
                & (found["model"].isin([model, *context.design.controls]))
            ]
            _panel(grid[i, j], own, model, context)
            about = style.titled(name, dataset, spec, context)
            above = names.model(model) if i == 0 else ""
            grid[i, j].set_title(
                above if len(methods) > 1 else f"{about} · {names.model(model)}", loc="left"
            )
            grid[i, j].set_ylabel(about if len(methods) > 1 and j == 0 else "", fontsize=9.5)
        style.finish(figure, spec, context, [violins.remark(found)], violins.legend())
    return Drawn(figure, violins.data(found))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of every violin, of the paper's data sets and of those drawn here."""
    swept = [
        (m, context.design.models[m][0], v)
        for m in context.methods(spec)
        for v in context.design.sweeps.get(m, ())
    ]
    wanted = [
        (dataset, name)
        for dataset in context.paper_and_shown(spec)
        for name in context.metrics_of(spec)
    ]
    return [
        Quantity(spec.id, d, m, canonical.dumps({p: v}), name, "median")
        for d, name in wanted
        for m, p, v in swept
    ]


def _panel(axes: Axes, found: pd.DataFrame, model: str, context: Context) -> None:
    parameter = names.parameter(context.design.models[model][0])
    colour = style.colours(context.design.models)[model]
    values = {value: own["result"].to_numpy(dtype=float) for value, own in found.groupby("value")}
    groups = [
        (f"{parameter} = {value:g}", values.get(value, np.zeros(0)), colour)
        for value in context.design.sweeps[model]
    ]
    violins.rows(axes, groups, found[found["control"].astype(bool)])
    axes.tick_params(labelsize=7)
