"""How far scores vary between draws of their points, beside seeds and methods (Locatello et al. 2020, repeated evaluation)."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from facsimile.figures import Drawn
from facsimile.figures.base import style as base_style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec

CELL = ["model", "params"]
# What varies -> what is held fixed.
SOURCES = {"draw": ["run"], "seed": CELL, "method and value": []}
LABELS = {
    "draw": "same model, other draws",
    "seed": "same cell, other seeds",
    "method and value": "other methods and values",
}
COLUMNS = ["dataset", "metric", "source", "sd", "groups", "n"]


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """A row a score: its standard deviation between draws, between seeds, and between cells, each with all else held fixed."""
    found, plain = select(scores, spec, context, variations=True)
    alike = (found["representation"] == "mean") & (
        found["n_train"] == context.scale.evaluation.train
    )
    trained = found[alike & ~found["control"].astype(bool)]
    tables = {
        d: deviations(trained[trained["dataset"] == d], d, plain) for d in context.shown(spec)
    }
    with base_style.styled():
        figure, panels = base_style.grid(
            len(tables), 4.6, 0.7 + 0.34 * len(plain), sharey=True, sharex=True
        )
        for axes, (dataset, table) in zip(panels, tables.items(), strict=True):
            _panel(axes, table, plain, max(float(table["sd"].max()) for table in tables.values()))
            axes.set_title(names.dataset(dataset), loc="left")
        base_style.finish(figure, spec, context, [_remark()], _legend())
    return Drawn(figure, pd.concat(tables.values(), ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: standard deviations are no statistic of the comparison."""
    return []


def deviations(trained: pd.DataFrame, dataset: str, plain: list[str]) -> pd.DataFrame:
    """Standard deviation of each score by source: pooled over groups of two or more, n values in all; NaN without one.

    Draws vary within a run; seeds within a cell, of the runs' means over draws; cells among all, of the cells' means.
    """
    rows = []
    for name in plain:
        scores = trained[trained["plain"] == name]
        runs = scores.groupby([*CELL, "run"], as_index=False)["result"].mean()
        cells = runs.groupby(CELL, as_index=False)["result"].mean()
        for (source, fixed), values in zip(SOURCES.items(), (scores, runs, cells), strict=True):
            rows.append((dataset, name, source, *_pooled(values, fixed)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _pooled(values: pd.DataFrame, fixed: list[str]) -> tuple[float, int, int]:
    """Square root of the pooled variance, groups of two or more values, and their values."""
    result = values["result"].astype(float)
    keys: list[pd.Series] = [values[key] for key in fixed] or [pd.Series(0, index=values.index)]
    about = result.groupby(keys).agg(["var", "size"])
    there = about[about["size"] > 1]
    n, groups = int(there["size"].sum()), len(there)
    return (
        (
            float(np.sqrt((there["var"] * (there["size"] - 1)).sum() / (n - groups)))
            if groups
            else np.nan
        ),
        groups,
        n,
    )


def _panel(axes: Axes, table: pd.DataFrame, plain: list[str], top: float) -> None:
    for style, (source, own) in zip(STYLES, table.groupby("source", sort=False), strict=False):
        axes.plot(
            own["sd"].to_numpy(),
            [plain.index(name) for name in own["metric"]],
            lw=0,
            label=str(source),
            **style,
        )
    for position, name in enumerate(plain):
        if table.loc[table["metric"] == name, "sd"].isna().all():
            axes.text(
                0.5,
                position,
                "no scores",
                transform=axes.get_yaxis_transform(),
                color=base_style.FAINT,
                va="center",
            )
    labels = [f"{names.metric(name)}\n{_counts(table[table['metric'] == name])}" for name in plain]
    axes.set(
        yticks=range(len(plain)),
        yticklabels=labels,
        ylim=(len(plain) - 0.5, -0.5),
        xlabel="standard deviation of the score",
    )
    axes.set_xlim(0, 1.08 * top if top > 0 else 1)
    axes.tick_params(labelsize=7)
    sns.despine(ax=axes, left=True)


STYLES = [
    {"color": colour, "marker": marker, "ms": 6, "mec": "white", "mew": 0.4}
    for colour, marker in zip(sns.color_palette("colorblind", 3), "osD", strict=True)
]


def _counts(own: pd.DataFrame) -> str:
    said = own.set_index("source")["n"]
    return f"n = {said['draw']:,}, {said['seed']:,}, {said['method and value']:,}"


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], lw=0, label=text, **style)
        for style, text in zip(STYLES, LABELS.values(), strict=True)
    ]


def _remark() -> str:
    return (
        "Pooled over groups of two or more; n: scores, runs and cells behind the three. A source without a group has no mark. "
        "Runs are averaged over their draws, cells over their runs."
    )
