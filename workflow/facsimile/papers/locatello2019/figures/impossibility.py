"""The impossibility theorem: a perfect code and its rotation, of the same distribution.

Locatello et al. 2019, Theorem 1. The paper prints no such figure.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facsimile import metrics
from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.papers.locatello2019.figures import _theorem
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

SHOWS_MODELS = True
COLUMNS = ["dataset", "metric", "angle", "value", "p_value", "n"]
ANGLES = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0)  # degrees
POINTS = 1500  # of a scatter
TESTED = 20_000  # codes of each of the two samples that are compared, at most
MISSING = "the oracle is not in the store"


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One row per data set: two codes before and after the theorem's map, and scores on the way.

    The perfect codes are those of the control ``oracle``, one per factor, spread so that they are
    uniform. Colours of the scatters are the values of the first factor.
    """
    selected, shown_metrics = select(scores, spec, context)
    tables = []
    shown = context.shown(spec)
    with style.styled():
        figure, grid = style.panels(max(len(shown), 1), 3, 2.4, 2.2)
        for row, dataset in zip(grid, shown, strict=False):
            run = _oracle(selected, dataset, specimens)
            if run is None:
                for axes in row:
                    style.empty(axes, MISSING)
                continue
            factors, _ = specimens.factors(run)
            table = _table(dataset, factors, shown_metrics, context)
            _scatters(row, factors, dataset)
            _lines(row[2], table, shown_metrics)
            tables.append(table)
        table = pd.concat(tables) if tables else pd.DataFrame(columns=COLUMNS)
        style.finish(figure, spec, context, [_remark(table)], _legend(shown_metrics))
    return Drawn(figure, table.reset_index(drop=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: the paper proves the theorem and prints no number."""
    return []


def _oracle(
    scores: pd.DataFrame,
    dataset: str,
    specimens: Specimens,
) -> str | None:
    """The key of a run of the oracle whose latents are in the store."""
    is_oracle = (scores["dataset"] == dataset) & (scores["model"] == "oracle")
    for run in sorted(set(scores.loc[is_oracle, "run"])):
        if specimens.has(run):
            return str(run)
    return None


def _table(
    dataset: str,
    factors: np.ndarray,
    shown_metrics: list[str],
    context: Context,
) -> pd.DataFrame:
    """Scores of the codes after a rotation by each angle, with the columns ``COLUMNS``."""
    evaluation = context.scale.evaluation
    rng = np.random.default_rng(evaluation.seed)
    codes = _theorem.perfect_codes(factors, rng)
    rows = []
    for degrees in ANGLES:
        moved = _theorem.entangled(codes, math.radians(degrees))
        p_value = _p_value(codes, moved, rng)
        table = metrics.score(
            moved,
            factors,
            sorted({name.split(".")[0] for name in shown_metrics}),
            convention=evaluation.convention,
            seed=evaluation.seed,
            n_train=evaluation.train,
            n_test=evaluation.test,
        )
        by_name = dict(zip(table["metric"] + "." + table["score"], table["value"], strict=True))
        for name in shown_metrics:
            rows.append((dataset, name, degrees, by_name[name], p_value, evaluation.train))
    return pd.DataFrame(rows, columns=COLUMNS)


def _p_value(
    codes: np.ndarray,
    moved: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """Compare codes of some images with moved codes of other images: independent samples."""
    order = rng.permutation(len(codes))
    half = min(TESTED, len(codes) // 2)
    return _theorem.same_distribution(codes[order[:half]], moved[order[-half:]], rng)


def _scatters(row: np.ndarray, factors: np.ndarray, dataset: str) -> None:
    """Two codes before and after the map, coloured by the first factor."""
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, len(factors), POINTS)
    codes = _theorem.perfect_codes(factors, rng)
    moved = _theorem.entangled(codes, math.radians(ANGLES[-1]))
    label = names.dataset(dataset)
    titles = (f"{label}: z", f"{label}: f(z), {ANGLES[-1]:g}°")
    for axes, shown, title in zip(row, (codes, moved), titles, strict=False):
        points = shown[chosen]
        axes.scatter(
            points[:, 0],
            points[:, 1],
            c=factors[chosen, 0],
            cmap="viridis",
            s=4,
            lw=0,
        )
        axes.set_title(title, loc="left")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="first code", ylabel="second code")


def _lines(axes: Axes, table: pd.DataFrame, shown_metrics: list[str]) -> None:
    """Each score against the angle."""
    colours = style.colours(shown_metrics)
    for position, name in enumerate(shown_metrics):
        line = table[table["metric"] == name]
        marker = style.mark(colours[name], position)
        axes.plot(line["angle"], line["value"], lw=1.1, **marker)
    axes.set(xlabel="angle, degrees", ylim=(-0.03, 1.03))
    axes.set_title("scores of f(z)", loc="left")


def _legend(shown_metrics: list[str]) -> list[Artist]:
    """One entry per score."""
    colours = style.colours(shown_metrics)
    entries = []
    for position, name in enumerate(shown_metrics):
        marker = style.mark(colours[name], position)
        entries.append(style.legend_line(label=names.metric(name), lw=1.1, **marker))
    return entries


def _remark(table: pd.DataFrame) -> str:
    text = (
        "z: one uniform code per factor; f: the map of Theorem 1, which makes codes Gaussian and "
        "turns their axes towards each other. z and f(z) have one distribution"
    )
    if table.empty:
        return f"{text}."
    return f"{text}: two-sample tests give p of at least {table['p_value'].min():.2g}."
