"""How far scores vary between draws of their points, beside seeds and methods.

Locatello et al. 2020, repeated evaluation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

SHOWS_VARIATIONS = True
CELL = ["method", "params"]
COLUMNS = ["dataset", "metric", "source", "sd", "groups", "n"]
FIXED = {"draw": ["run"], "seed": CELL, "method and value": []}
"""What varies -> the columns that are held fixed."""
LABELS = {
    "draw": "same model, other draws",
    "seed": "same cell, other seeds",
    "method and value": "other methods and values",
}
MARKERS = "osD"
REMARK = (
    "Pooled over groups of two or more; n: scores, runs and cells behind the three. "
    "A source without a group has no mark. "
    "Runs are averaged over their draws, cells over their runs."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set, one row per score.

    Marks are standard deviations of the score between draws, between seeds and between cells, each
    with everything else held fixed.
    """
    selected, metrics = select(scores, spec, context, variations=True)
    trained = without_controls(selected)
    # Variations that differ only in their draws: same representation, same number of points.
    is_mean = trained["representation"] == "mean"
    is_full_size = trained["n_train"] == context.scale.evaluation.train
    trained = trained[is_mean & is_full_size]
    tables = {}
    for dataset in context.shown(spec):
        tables[dataset] = deviations(trained[trained["dataset"] == dataset], dataset, metrics)
    highest = max(float(table["sd"].max()) for table in tables.values())
    with style.styled():
        height = 0.7 + 0.34 * len(metrics)
        figure, panels = style.grid(len(tables), 4.6, height, sharey=True, sharex=True)
        for axes, (dataset, table) in zip(panels, tables.items(), strict=True):
            _panel(axes, table, metrics, highest)
            axes.set_title(names.dataset(dataset), loc="left")
        style.finish(figure, spec, context, [REMARK], _legend())
    return Drawn(figure, pd.concat(tables.values(), ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: the comparison does not look up standard deviations."""
    return []


def deviations(
    trained: pd.DataFrame,
    dataset: str,
    metrics: list[str],
) -> pd.DataFrame:
    """Standard deviation of each score by source of variation.

    Draws vary within a run. Seeds vary within a cell; of each run the mean over its draws is taken.
    Cells vary among all; of each cell the mean over its runs is taken.

    Parameters
    ----------
    trained
        Scores of trained runs of one data set, with the column ``plain`` of ``select``.
    dataset
        The data set.
    metrics
        Names of the scores, without variation.

    Returns
    -------
    DataFrame
        One row per score and source with the columns ``COLUMNS``: the standard deviation pooled
        over groups of two or more values, NaN without such a group; the number of such groups; and
        the number n of values in them.
    """
    rows = []
    for name in metrics:
        draws = trained[trained["plain"] == name]
        runs = draws.groupby([*CELL, "run"], as_index=False)["result"].mean()
        cells = runs.groupby(CELL, as_index=False)["result"].mean()
        for (source, fixed), values in zip(FIXED.items(), (draws, runs, cells), strict=True):
            rows.append((dataset, name, source, *_pooled(values, fixed)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _pooled(values: pd.DataFrame, fixed: list[str]) -> tuple[float, int, int]:
    """Pooled standard deviation of groups of two or more values, their number, and n in all."""
    results = values["result"].astype(float)
    keys: list[pd.Series] = [values[key] for key in fixed]
    if not keys:
        # Without fixed columns all values are one group.
        keys = [pd.Series(0, index=values.index)]
    groups = results.groupby(keys).agg(["var", "size"])
    groups = groups[groups["size"] > 1]
    n, count = int(groups["size"].sum()), len(groups)
    if not count:
        return np.nan, 0, n
    squares = (groups["var"] * (groups["size"] - 1)).sum()
    return float(np.sqrt(squares / (n - count))), count, n


def _panel(
    axes: Axes,
    table: pd.DataFrame,
    metrics: list[str],
    highest: float,
) -> None:
    for source, deviations in table.groupby("source", sort=False):
        positions = [metrics.index(name) for name in deviations["metric"]]
        sd = deviations["sd"].to_numpy()
        mark = _marks()[str(source)]
        axes.plot(
            sd,
            positions,
            lw=0,
            label=str(source),
            **mark,
        )
    labels = []
    for position, name in enumerate(metrics):
        of_metric = table[table["metric"] == name]
        labels.append(f"{names.metric(name)}\n{_counts(of_metric)}")
        if of_metric["sd"].isna().all():
            axes.text(
                0.5,
                position,
                "no scores",
                transform=axes.get_yaxis_transform(),
                color=style.FAINT,
                va="center",
            )
    axes.set(
        yticks=range(len(metrics)),
        yticklabels=labels,
        ylim=(len(metrics) - 0.5, -0.5),
        xlabel="standard deviation of the score",
    )
    axes.set_xlim(0, 1.08 * highest if highest > 0 else 1)
    axes.tick_params(labelsize=7)
    style.despine(axes, left=True)


def _counts(of_metric: pd.DataFrame) -> str:
    n = of_metric.set_index("source")["n"]
    return f"n = {n['draw']:,}, {n['seed']:,}, {n['method and value']:,}"


def _legend() -> list[Artist]:
    entries = []
    for source, label in LABELS.items():
        entries.append(
            style.legend_line(
                lw=0,
                label=label,
                **_marks()[source],
            )
        )
    return entries


def _marks() -> dict[str, dict[str, Any]]:
    """Source of variation -> how Matplotlib draws its mark."""
    marks = {}
    for source, colour, marker in zip(LABELS, style.palette(len(LABELS)), MARKERS, strict=True):
        marks[source] = {"color": colour, "marker": marker, "ms": 6, "mec": "white", "mew": 0.4}
    return marks
