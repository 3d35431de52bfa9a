"""Scores of each method over hyper-parameters and seeds, as violins (Locatello et al. 2019, Fig. 3 left family)."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from facsimile import names
from facsimile.figures import Drawn, _style
from facsimile.presentation import Context, Quantity, Spec, select

VIOLIN_RUNS = 8  # fewer points are shown as points: a density of them would be invented
POINT_RUNS = 120  # more points hide each other
COLUMNS = 3
REFERENCE = {"oracle": (0, (4, 2)), "noise": (0, (1, 1.5))}


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One panel a (data set, score), one violin a method, cut at its data; medians, controls and n are marked."""
    found, wanted = select(scores, spec, context)
    shown = [(dataset, name) for dataset in context.shown(spec) for name in wanted]
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    with _style.styled():
        figure, grid = _style.panels(rows, columns, 3.05, 0.62 + 0.3 * len(context.models), sharey=True)
        for axes, (dataset, name) in zip(grid.flat, shown, strict=False):
            _panel(axes, found[(found["dataset"] == dataset) & (found["name"] == name)], context)
            axes.set_title(
                names.metric(name) + (f" · {names.dataset(dataset)}" if len(context.shown(spec)) > 1 else ""), loc="left"
            )
        for axes in grid.flat[len(shown) :]:
            axes.set_axis_off()
        _style.finish(figure, spec, context, [_remark(found)], _legend())
    columns_kept = ["dataset", "model", "params", "value", "seed", "run", "name", "result", "control"]
    return Drawn(figure, found[columns_kept].rename(columns={"name": "metric"}).reset_index(drop=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of every violin, of the paper's data sets and of those drawn here."""
    wanted = [(dataset, name) for dataset in context.named(spec) for name in context.metrics_of(spec)]
    return [Quantity(spec.id, d, model, "", name, "median") for d, name in wanted for model in context.models]


def _panel(axes: Axes, found: pd.DataFrame, context: Context) -> None:
    palette = _style.colours(context.models)
    for position, model in enumerate(context.models):
        values = found.loc[found["model"] == model, "result"].to_numpy(dtype=float)
        _violin(axes, values, position, palette[model])
        axes.text(
            1.015,
            position,
            f"n = {values.size}",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=6.5,
            color=_style.FAINT,
        )
    for control, dashes in REFERENCE.items():
        for value in found.loc[found["model"] == control, "result"]:
            axes.axvline(value, color=_style.FAINT, lw=0.9, ls=dashes, zorder=1)
    if found.empty:
        _style.empty(axes, "no scores")
    axes.set(
        yticks=range(len(context.models)),
        yticklabels=[names.model(m) for m in context.models],
        ylim=(len(context.models) - 0.4, -0.6),
    )
    axes.grid(visible=False, axis="y")
    sns.despine(ax=axes, left=True)


def _violin(axes: Axes, values: np.ndarray, position: int, colour: Any) -> None:
    if values.size == 0:
        axes.text(
            0.5,
            position,
            "no runs",
            transform=axes.get_yaxis_transform(),
            va="center",
            ha="center",
            fontsize=7,
            color=_style.FAINT,
        )
        return
    if values.size >= VIOLIN_RUNS and np.ptp(values) > 0:
        body = pd.DataFrame({"value": values, "at": float(position)})
        sns.violinplot(
            body,
            x="value",
            y="at",
            orient="h",
            native_scale=True,
            cut=0,
            inner=None,
            color=colour,
            alpha=0.45,
            linewidth=0.8,
            width=0.8,
            ax=axes,
        )
        axes.set(xlabel="", ylabel="")
    if values.size <= POINT_RUNS:
        axes.scatter(values, position + jitter(values.size), s=9, color=colour, edgecolor="white", linewidth=0.3, zorder=3)
    median = float(np.median(values))
    axes.plot([median, median], [position - 0.3, position + 0.3], color=_style.INK, lw=1.6, solid_capstyle="butt", zorder=4)


def jitter(n: int, width: float = 0.24) -> np.ndarray:
    """Offsets [n] in ±``width``/2, spread evenly and the same in every drawing: multiples of the golden ratio, modulo 1."""
    return np.zeros(1) if n == 1 else width * ((np.arange(1, n + 1) * 0.6180339887498949) % 1 - 0.5)


def _legend() -> list[Line2D]:
    median = Line2D([], [], color=_style.INK, lw=0, marker="|", ms=9, mew=1.6, label="median of the runs")
    return [
        median,
        *(Line2D([], [], color=_style.FAINT, lw=0.9, ls=d, label=f"control: {names.model(c)}") for c, d in REFERENCE.items()),
    ]


def _remark(found: pd.DataFrame) -> str:
    runs = found.loc[~found["control"].astype(bool), "run"].nunique()
    least = f"needs {VIOLIN_RUNS} runs; below that only the points are drawn"
    return f"{runs:,} trained runs; a violin ends where its data end, and {least}."
