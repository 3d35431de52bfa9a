"""Scores of each method over hyper-parameters and seeds, as violins.

Michlo et al. 2023, Fig. 11.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import labels, style, violins
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set and score, one violin per method, in the order of ``spec.models``."""
    selected, metrics = select(scores, spec, context)
    controls = selected[selected["control"].astype(bool)]
    trained = labels.cells(without_controls(selected))
    methods = _in_order(spec, context) or list(dict.fromkeys(trained["method"]))
    shown = list(itertools.product(context.shown(spec), metrics))
    with style.styled():
        height = 0.62 + 0.34 * len(methods)
        figure, panels = style.grid(len(shown), 3.4, height, columns=2, sharey=True)
        for axes, (dataset, name) in zip(panels, shown, strict=True):
            is_here = (trained["dataset"] == dataset) & (trained["name"] == name)
            _panel(axes, trained[is_here], methods, controls)
            axes.set_title(style.panel_title(name, dataset, spec, context), loc="left")
        # Without controls only the median has an entry.
        legend = violins.legend()
        if not context.design.controls:
            legend = legend[:1]
        style.finish(figure, spec, context, [violins.remark(selected)], legend)
    return Drawn(figure, labels.data(trained))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of each violin."""
    return labels.medians(spec, context)


def _in_order(spec: Spec, context: Context) -> list[str]:
    """The methods that the spec names, each once, in its order."""
    named = [method for name in spec.models for method in context.design.methods_of(name)]
    return list(dict.fromkeys(named))


def _panel(
    axes: Axes,
    scores: pd.DataFrame,
    methods: list[str],
    controls: pd.DataFrame,
) -> None:
    groups = []
    palette = style.palette(max(1, len(methods)))
    for method, colour in zip(methods, palette, strict=False):
        values = scores.loc[scores["method"] == method, "result"].to_numpy(dtype=float)
        groups.append((names.model(method), values, colour))
    is_same_score = controls["name"].isin(scores["name"].unique())
    violins.rows(axes, groups, controls[is_same_score])
