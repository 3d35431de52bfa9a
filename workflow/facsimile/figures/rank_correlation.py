"""Spearman rank correlation of the scores over trained runs, as a heat map (Locatello et al. 2019, Fig. 2 family)."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from facsimile import names, statistics
from facsimile.figures import Drawn, _style
from facsimile.presentation import Context, Quantity, Spec, select

CORRELATION_RUNS = 5  # fewer runs are hatched: any order of them is likely by chance
SCALE = Normalize(-1, 1)
COLOURS = sns.color_palette("vlag", as_cmap=True)  # blue to red through white: told apart by colour-blind readers


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One heat map a data set; each cell prints the correlation and its interval, runs that lack either score left out."""
    found, wanted = select(scores, spec, context)
    trained = found[~found["control"].astype(bool)]
    shown = context.shown(spec)
    with _style.styled():
        figure, grid = _style.panels(1, len(shown), 1.5 + 0.78 * len(wanted), 0.7 + 0.56 * len(wanted), sharey=True)
        tables = []
        for axes, dataset in zip(grid.flat, shown, strict=True):
            table = correlations(trained[trained["dataset"] == dataset], wanted, dataset)
            _panel(axes, table, wanted)
            axes.set_title((f"{names.dataset(dataset)} · " if len(shown) > 1 else "") + _runs(table), loc="left", fontsize=8.5)
            tables.append(table)
        _bar(figure, grid)
        _style.finish(figure, spec, context, [_remark()])
    return Drawn(figure, pd.concat(tables, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The correlation of every two scores, for the paper's data sets and those drawn here."""
    pairs = list(itertools.combinations(context.metrics_of(spec), 2))
    return [Quantity(spec.id, d, "", "", f"{a} ~ {b}", "spearman") for d in context.named(spec) for a, b in pairs]


def correlations(trained: pd.DataFrame, wanted: list[str], dataset: str) -> pd.DataFrame:
    """A row for every two of the scores ``wanted``: correlation, interval, and n, the runs that have both."""
    wide = trained.pivot(index="run", columns="name", values="result").reindex(columns=wanted)
    rows = []
    for a, b in itertools.combinations(wanted, 2):
        both = wide[[a, b]].dropna()
        rng = statistics.generator(dataset, a, b)
        found = statistics.spearman(both[a].to_numpy(dtype=float), both[b].to_numpy(dtype=float), rng)
        rows.append((dataset, a, b, found.value, found.low, found.high, found.n))
    return pd.DataFrame(rows, columns=["dataset", "metric_a", "metric_b", "spearman", "low", "high", "n"])


def _panel(axes: Axes, table: pd.DataFrame, wanted: list[str]) -> None:
    for row in table.to_dict("records"):
        a, b = row["metric_a"], row["metric_b"]
        for x, y in ((wanted.index(a), wanted.index(b)), (wanted.index(b), wanted.index(a))):
            _cell(axes, x, y, row)
    for i in range(len(wanted)):
        axes.add_patch(Rectangle((i, i), 1, 1, facecolor="#f2f2f2", edgecolor="white"))
    labels = [names.metric(name).replace(" ", "\n") for name in wanted]
    ticks = np.arange(len(wanted)) + 0.5
    axes.set(xticks=ticks, yticks=ticks, xticklabels=labels, yticklabels=labels, xlim=(0, len(wanted)), ylim=(len(wanted), 0))
    axes.tick_params(length=0, labelsize=7.5)
    axes.grid(visible=False)
    sns.despine(ax=axes, left=True, bottom=True)


def _cell(axes: Axes, x: int, y: int, row: dict[Any, Any]) -> None:
    """One square; hatched with its n where there are too few runs, and saying so where a score is constant."""
    if row["n"] < CORRELATION_RUNS or np.isnan(row["spearman"]):
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor="white", edgecolor="#bbbbbb", hatch="////", linewidth=0))
        why = "constant" if row["n"] >= CORRELATION_RUNS else f"n = {row['n']:.0f}"
        bare = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        axes.text(x + 0.5, y + 0.5, why, ha="center", va="center", fontsize=6.5, color=_style.FAINT, bbox=bare)
        return
    colour = COLOURS(SCALE(row["spearman"]))
    axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white"))
    ink = "white" if abs(row["spearman"]) > 0.62 else _style.INK
    axes.text(x + 0.5, y + 0.4, _number(row["spearman"]), ha="center", va="center", fontsize=10, color=ink)
    if np.isfinite(row["low"]):
        axes.text(
            x + 0.5,
            y + 0.76,
            f"[{_number(row['low'])}, {_number(row['high'])}]",
            ha="center",
            va="center",
            fontsize=5.8,
            color=ink,
        )


def _number(value: float) -> str:
    return f"{value + 0.0:.2f}".replace("-", "−")


def _bar(figure: Figure, grid: np.ndarray) -> None:
    bar = figure.colorbar(ScalarMappable(SCALE, COLOURS), ax=grid, shrink=0.6, aspect=24, pad=0.02, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_label("Spearman's rank correlation")
    bar.outline.set_visible(False)


def _runs(table: pd.DataFrame) -> str:
    least, most = (int(table["n"].min()), int(table["n"].max())) if len(table) else (0, 0)
    return f"n = {most:,} trained runs" if least == most else f"n = {least:,} to {most:,} trained runs"


def _remark() -> str:
    level = f"{100 * statistics.LEVEL:.0f} %"
    few = f"fewer than {CORRELATION_RUNS} runs"
    return f"In brackets the {level} bootstrap interval over runs; hatched: {few}, or a score that is constant."
