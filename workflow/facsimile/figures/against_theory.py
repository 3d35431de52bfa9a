"""A score against a swept hyper-parameter, with the closed form as lines.

Each value of a second hyper-parameter has its own colour.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import THEORY, select, with_names, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

COLUMNS = ["dataset", "text", "metric", "parameter", "x", "hue", "ours", "theory", "n"]
REMARK = "Mean over seeds. Straight lines join the closed form at the values that are swept."


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One row of panels per model or label that has a closed form, one column per score.

    Points are means over seeds. The x axis is the hyper-parameter with the most values in that row;
    the one with the second most decides the colour.
    """
    selected = _with_theory(scores, spec, context)
    has_theory = selected["name"].str.endswith(THEORY)
    texts = [str(text) for text in selected.loc[has_theory, "text"].unique()]
    tables = [_means(selected[selected["text"] == text], text, spec) for text in texts]
    data = pd.concat(tables) if tables else pd.DataFrame(columns=COLUMNS)
    with style.styled():
        # A figure without any closed form or score has one empty panel.
        rows = max(1, len(texts))
        columns = max(1, len(spec.metrics))
        figure, grid = style.panels(rows, columns, 3.2, 2.1)
        titles = names.scores(list(spec.metrics))
        for row, text in zip(grid, texts, strict=False):
            for axes, name, title in zip(row, spec.metrics, titles, strict=True):
                is_here = (data["text"] == text) & (data["metric"] == name)
                _panel(axes, data[is_here])
                axes.set_title(f"{text}: {title}", loc="left")
            if row[-1].get_legend_handles_labels()[0]:
                row[-1].legend(frameon=False, fontsize=7)
        if not texts:
            style.empty(grid[0, 0], "no scores")
        style.finish(figure, spec, context, [REMARK], _legend())
    return Drawn(figure, data.reset_index(drop=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of each model."""
    return quantities.of_models(spec, context, context.design.methods, "mean")


def _with_theory(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """The scores shown and their closed forms, with a column ``text``: the method in words."""
    selected = with_names(scores.iloc[:0])
    if spec.metrics:
        both: list[str] = []
        for metric in spec.metrics:
            both += [metric, metric + THEORY]
        with_theory = dataclasses.replace(spec, metrics=tuple(both), against=())
        selected, _ = select(scores, with_theory, context)
    selected = without_controls(selected)
    return selected.assign(text=selected["method"].map(names.model))


def _means(
    scores: pd.DataFrame,
    text: str,
    spec: Spec,
) -> pd.DataFrame:
    """One row per cell and score of one row of panels, with the columns ``COLUMNS``."""
    settings = scores.drop_duplicates("params")["params"].map(json.loads)
    x, hue = _axes(list(settings))
    rows = []
    for (dataset, params), runs in scores.groupby(["dataset", "params"], sort=False):
        values = json.loads(str(params))
        means = runs.groupby("name")["result"].mean()
        n = runs["run"].nunique()
        for name in spec.metrics:
            cell = (dataset, text, name, f"{x}|{hue}", values.get(x), values.get(hue))
            rows.append((*cell, means.get(name), means.get(name + THEORY), n))
    return pd.DataFrame(rows, columns=COLUMNS)


def _axes(settings: list[dict[str, Any]]) -> tuple[str, str]:
    """The hyper-parameters with the most and the second most values; "" if there is none."""
    # In order of first appearance, which decides between equal counts.
    names_in_order: dict[str, None] = {}
    for params in settings:
        names_in_order |= dict.fromkeys(params)
    counts = {}
    for key in names_in_order:
        counts[key] = len({params.get(key) for params in settings})
    keys = sorted(counts, key=counts.__getitem__, reverse=True)
    # A single cell sweeps nothing; any of its hyper-parameters will do.
    swept = [key for key in keys if counts[key] > 1] or keys[:1]
    x, hue = (*swept, "", "")[:2]
    return x, hue


def _panel(axes: Axes, data: pd.DataFrame) -> None:
    # Without a second hyper-parameter all points have one colour.
    hues = sorted(data["hue"].dropna().unique()) or [None]
    parameters = str(data["parameter"].iloc[0]) if len(data) else "|"
    x, hue = parameters.split("|")
    palette = style.palette(len(hues))
    for colour, value in zip(palette, hues, strict=True):
        of_hue = data if value is None else data[data["hue"] == value]
        of_hue = of_hue.sort_values("x")
        axes.plot(of_hue["x"], of_hue["theory"], color=colour, lw=0.9)
        axes.plot(
            of_hue["x"],
            of_hue["ours"],
            color=colour,
            marker="o",
            ls="",
            ms=4,
            mec="white",
            mew=0.4,
            label=None if value is None else f"{names.parameter(hue)} = {value:g}",
        )
    axes.set(xlabel=names.parameter(x), ylim=(None, None))
    axes.margins(y=0.12)
    axes.grid(visible=False, axis="x")
    style.despine(axes, left=True)


def _legend() -> list[Artist]:
    return [
        style.legend_line(
            color=style.INK,
            marker="o",
            ls="",
            ms=4,
            label="trained",
        ),
        style.legend_line(
            color=style.INK,
            lw=0.9,
            label="closed form",
        ),
    ]
