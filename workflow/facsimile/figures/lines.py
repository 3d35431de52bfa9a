"""Quantities along training, and the closed form that each should reach.

With ``against``, as in ``against: [descent.work]``, the x axis is this column of the history
instead of the step, and all cells share a panel, to be compared at equal x.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.foundation import discover
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import THEORY, rows_of_models, rows_where, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL_WIDTH = 24  # characters, of the label beside a row of panels
DASHES = (0, (4, 3))
REMARK = "One run of each cell; the first seed."
MASKED = "What is not positive is left out, as work before the first step."
NO_BREAK_SPACE = "\u00a0"
# The scores that a study names are columns of the history, or what their names have in common.
SHOWS_HISTORY = True
CELL = ["dataset", "model", "label", "params"]
COLUMNS = ["run", "label", "params", "metric", "line", "step", "value", "theory", "n"]


class Cell(NamedTuple):
    """The run that is drawn of a cell, its hyper-parameters, and the label of its panels."""

    run: str
    params: str
    text: str


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One row of panels per cell, one column per quantity ``metric.score``.

    There is one row for all cells if the figure has its own x axis (``against``). The lines are the
    columns ``score`` or ``score_0``, ``score_1``, … of the history of the cell's first run. Dashes
    are the scores ``score_theory`` or ``score_0_theory``, … of the same run.

    Raises ValueError for more than one x axis.
    """
    if len(spec.against) > 1:
        raise ValueError(f"{spec.id}: lines have one x axis; list one score under against")
    cells = _cells(scores, spec, context)
    data = _data(scores, cells, spec, context)
    if spec.against:
        figure = _together(data, spec, context)
        return Drawn(figure, data.reset_index(drop=True))
    with style.styled():
        # A figure without any cell or quantity has one empty panel.
        rows = max(1, len(cells))
        columns = max(1, len(spec.metrics))
        figure, grid = style.panels(rows, columns, 3.0, 1.9, sharex=True)
        for row, cell in zip(grid, cells, strict=False):
            for axes, name in zip(row, spec.metrics, strict=True):
                is_here = (data["run"] == cell.run) & (data["metric"] == name)
                _panel(axes, data[is_here])
            # Keep "β = 4" on one line.
            label = cell.text.replace(" = ", f"{NO_BREAK_SPACE}={NO_BREAK_SPACE}")
            row[0].set_ylabel(textwrap.fill(label, LABEL_WIDTH))
        titles = names.scores(list(spec.metrics))
        for axes, title in zip(grid[0], titles, strict=False):
            axes.set_title(title, loc="left")
        for axes in grid[-1]:
            axes.set_xlabel("step")
        if not cells:
            style.empty(grid[0, 0], "no history")
        style.finish(figure, spec, context, [REMARK], _legend())
    return Drawn(figure, data.reset_index(drop=True))


def _together(
    data: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Figure:
    """One panel per quantity with a line per cell, against a column of the history."""
    texts = list(dict.fromkeys(data["label"]))
    palette = style.palette(len(texts))
    colours = dict(zip(texts, palette, strict=True))
    [x] = spec.against
    with style.styled():
        figure, panels = style.grid(max(1, len(spec.metrics)), 4.2, 2.8, columns=2)
        titles = names.scores(list(spec.metrics))
        for axes, name, title in zip(panels, spec.metrics, titles, strict=False):
            here = data[data["metric"] == name]
            for (text, _), line in here.groupby(["label", "line"], sort=False):
                values = (line[_column(x)], line["value"])
                axes.plot(*values, color=colours[str(text)], lw=1.1)
            if here.empty:
                style.empty(axes, "no history")
            if spec.log:
                axes.set_xscale("log", nonpositive="mask")
                axes.set_yscale("log", nonpositive="mask")
            axes.set_xlabel(names.metric(x))
            axes.set_title(title, loc="left")
            style.despine(axes)
        legend = []
        for text, colour in colours.items():
            legend.append(style.legend_line(color=colour, lw=1.1, label=text))
        remarks = [REMARK, MASKED] if spec.log else [REMARK]
        return style.finish(figure, spec, context, remarks, legend)


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """The mean of each model, though a paper's curves are not printed as numbers.

    It keeps the comparison complete.
    """
    return quantities.of_models(spec, context, context.design.methods, "mean")


def _cells(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> list[Cell]:
    """The first run of each cell shown."""
    if context.history is None:
        return []
    several_datasets = len(context.shown(spec)) > 1
    shown = without_controls(scores[scores["dataset"].isin(context.shown(spec))])
    shown = rows_of_models(shown, spec.models)
    runs = shown.drop_duplicates(CELL)[["run", *CELL]].astype(str)
    settings_per_label = runs.groupby("label")["params"].nunique()
    cells = []
    for run in rows_where(runs, spec.where).to_dict("records"):
        parts = [f"{names.dataset(run['dataset'])} ·"] if several_datasets else []
        parts.append(run["label"] or names.model(run["model"]))
        # A label of one cell alone needs no hyper-parameters beside it.
        if not run["label"] or settings_per_label[run["label"]] > 1:
            parts.append(names.settings(run["params"]))
        text = " ".join(filter(None, parts))
        cells.append(Cell(run["run"], run["params"], text))
    return cells


def _data(
    scores: pd.DataFrame,
    cells: list[Cell],
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """One row per cell, line and recorded step, with ``COLUMNS`` and those of ``against``."""
    tables = []
    for cell in cells:
        for name in spec.metrics:
            tables += _lines(scores, cell, name, spec, context)
    if not tables:
        columns = _distinct(*COLUMNS, *map(_column, spec.against))
        tables = [pd.DataFrame(columns=columns, dtype=object)]
    return pd.concat(tables).astype({"step": float, "value": float, "theory": float})


def _lines(
    scores: pd.DataFrame,
    cell: Cell,
    name: str,
    spec: Spec,
    context: Context,
) -> list[pd.DataFrame]:
    """The lines of one quantity of one run.

    Raises UnknownName if the history has no column of ``against``.
    """
    assert context.history is not None
    history = context.history(cell.run)
    if history.empty:
        return []
    metric, _, quantity = name.partition(".")
    # Without other evaluations and snapshots, which have the same scores.
    results = _of_end(scores[(scores["run"] == cell.run) & (scores["metric"] == metric)])
    axes = [_column(score) for score in spec.against]
    recorded = list(map(str, history))
    for column in axes:
        if column not in recorded:
            raise discover.UnknownName(f"column of {cell.run}", column, recorded)
    tables = []
    for column in history.columns:
        if column != quantity and not column.removeprefix(f"{quantity}_").isdigit():
            continue
        table = history[_distinct("step", *axes)].assign(
            run=cell.run,
            label=cell.text,
            params=cell.params,
            metric=name,
            line=column,
            value=history[column],
            theory=results.get(column + THEORY, np.nan),
            n=1,
        )
        tables.append(table[_distinct(*COLUMNS, *axes)])
    return tables


def _of_end(scores: pd.DataFrame) -> pd.Series:
    """Score -> result of the main evaluation of a trained model."""
    if "variation" in scores:
        scores = scores[scores["variation"] == ""]
    return scores.set_index("score")["result"]


def _distinct(*columns: str) -> list[str]:
    return list(dict.fromkeys(columns))


def _column(score: str) -> str:
    """The column of the history that a score of the study file names."""
    return score.partition(".")[2]


def _panel(axes: Axes, data: pd.DataFrame) -> None:
    lines = list(dict.fromkeys(data["line"]))
    palette = style.palette(max(1, len(lines)))
    for colour, line in zip(palette, lines, strict=False):
        of_line = data[data["line"] == line]
        axes.plot(of_line["step"], of_line["value"], color=colour, lw=1.1)
        if of_line["theory"].notna().any():
            theory = float(of_line["theory"].iloc[0])
            axes.axhline(
                theory,
                color=colour,
                lw=0.9,
                ls=DASHES,
                alpha=0.8,
            )
    # Not log, because histories begin at step 0.
    if lines:
        axes.set(xscale="symlog", xlim=(0, None))
    else:
        axes.set_yticks([])
        style.empty(axes, "not learned")
    axes.grid(visible=False, axis="x")
    style.despine(axes, left=True)


def _legend() -> list[Artist]:
    return [
        style.legend_line(
            color=style.INK,
            lw=1.1,
            label="along training",
        ),
        style.legend_line(
            color=style.INK,
            lw=0.9,
            ls=DASHES,
            label="closed form",
        ),
    ]
