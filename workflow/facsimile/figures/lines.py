"""Quantities along training, and the closed form that each should reach."""

import json
import textwrap

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import rows_of_models
from facsimile.presentation.spec import Quantity, Spec

THEORY = "_theory"
CHARACTERS_HIGH = 24  # of a line beside a panel
COLUMNS = ["run", "label", "params", "metric", "line", "step", "value", "theory", "n"]


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """A row of panels a cell, a column a quantity ``metric.score``.

    The lines are the columns ``score`` or ``score_0``, ``score_1``, … of the history of the cell's first run; dashes are the
    scores ``score_theory`` or ``score_0_theory``, … of the same run.
    """
    cells = _cells(scores, spec, context)
    frames = [_of(scores, cell, name, context) for cell in cells for name in spec.metrics]
    data = pd.concat([frame for frame in frames if len(frame)] or [_nothing()])
    data = data.astype({"step": float, "value": float, "theory": float})
    with style.styled():
        figure, grid = style.panels(
            max(1, len(cells)), max(1, len(spec.metrics)), 3.0, 1.9, sharex=True
        )
        for axes_of, cell in zip(grid, cells, strict=False):
            for axes, name in zip(axes_of, spec.metrics, strict=True):
                _panel(axes, data[(data["run"] == cell["run"]) & (data["metric"] == name)])
            axes_of[0].set_ylabel(
                textwrap.fill(cell["text"].replace(" = ", "\u00a0=\u00a0"), CHARACTERS_HIGH)
            )
        for axes, title in zip(grid[0], names.scores(list(spec.metrics)), strict=False):
            axes.set_title(title, loc="left")
        for axes in grid[-1]:
            axes.set_xlabel("step")
        if not cells:
            style.empty(grid[0, 0], "no history")
        style.finish(figure, spec, context, ["One run of each cell; the first seed."], _legend())
    return Drawn(figure, data.reset_index(drop=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """No numbers: a paper's curves are not printed, but one for each data set keeps the comparison complete."""
    wanted = [
        (dataset, name)
        for dataset in context.paper_and_shown(spec)
        for name in context.metrics_of(spec)
    ]
    return [
        Quantity(spec.id, dataset, model, "", name, "mean")
        for dataset, name in wanted
        for model in context.design.models
    ]


def _cells(scores: pd.DataFrame, spec: Spec, context: Context) -> list[dict[str, str]]:
    """The first run of every cell that the spec shows: its key, label, params and what its panel is called."""
    if context.history is None:
        return []
    here = scores["dataset"].isin(context.shown(spec)) & ~scores["control"].astype(bool)
    shown = rows_of_models(scores[here], spec.models)
    first = shown.drop_duplicates(["dataset", "model", "label", "params"])[
        ["run", "dataset", "model", "label", "params"]
    ]
    rows = [
        {str(key): str(value) for key, value in row.items()} for row in first.to_dict("records")
    ]
    alone = {
        str(label)
        for label, params in first.groupby("label")["params"]
        if label and params.nunique() == 1
    }
    several = len(context.shown(spec)) > 1
    return [
        row | {"text": _text(row, alone, several)}
        for row in rows
        if _wanted(json.loads(row["params"]), spec)
    ]


def _wanted(params: dict[str, float], spec: Spec) -> bool:
    return all(params.get(name, value) == value for name, value in spec.where)


def _text(row: dict[str, str], alone: set[str], several: bool) -> str:
    """What a row of panels is called: its data set where there are several, its label or model, and settings if they tell."""
    where = f"{names.dataset(row['dataset'])} ·" if several else ""
    settings = "" if row["label"] in alone else names.settings(row["params"])
    return " ".join(filter(None, [where, row["label"] or names.model(row["model"]), settings]))


def _of(scores: pd.DataFrame, cell: dict[str, str], name: str, context: Context) -> pd.DataFrame:
    """A row a recorded step and line of one quantity of one run."""
    assert context.history is not None
    history, (metric, _, quantity) = context.history(cell["run"]), name.partition(".")
    own = scores[(scores["run"] == cell["run"]) & (scores["metric"] == metric)].set_index("score")[
        "result"
    ]
    lines = [
        c for c in history.columns if c == quantity or c.removeprefix(f"{quantity}_").isdigit()
    ]
    frames = [
        history[["step"]].assign(
            run=cell["run"],
            label=cell["text"],
            params=cell["params"],
            metric=name,
            line=line,
            value=history[line],
            theory=own.get(line + THEORY, np.nan),
            n=1,
        )
        for line in lines
    ]
    return pd.concat(frames)[COLUMNS] if frames else _nothing()


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(dtype=object) for column in COLUMNS})


def _panel(axes: Axes, data: pd.DataFrame) -> None:
    lines = list(dict.fromkeys(data["line"]))
    for colour, line in zip(
        sns.color_palette("colorblind", max(1, len(lines))), lines, strict=False
    ):
        own = data[data["line"] == line]
        axes.plot(own["step"], own["value"], color=colour, lw=1.1)
        if own["theory"].notna().any():
            axes.axhline(
                float(own["theory"].iloc[0]), color=colour, lw=0.9, ls=(0, (4, 3)), alpha=0.8
            )
    if lines:
        axes.set(xscale="symlog", xlim=(0, None))
    else:
        axes.set_yticks([])
        style.empty(axes, "not learned")
    axes.grid(visible=False, axis="x")
    sns.despine(ax=axes, left=True)


def _legend() -> list[Artist]:
    return [
        Line2D([], [], color=style.INK, lw=1.1, label="along training"),
        Line2D([], [], color=style.INK, lw=0.9, ls=(0, (4, 3)), label="closed form"),
    ]
