"""How scores depend on the number of points that a metric is given (Locatello et al. 2020, sensitivity to sample size)."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from facsimile.figures import Drawn
from facsimile.figures.base import heat, style
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

STATISTICS = {"median": "median of the runs", "spearman": "rank correlation\nwith the most points"}
COLUMNS = ["dataset", "metric", "statistic", "model", "points", "value", "low", "high", "n"]


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """A column a (data set, score): above, each method's median at each size; below, how far sizes rank runs alike."""
    found, wanted = select(scores, spec, context, variations=True)
    alike = (found["representation"] == "mean") & (
        found["evaluation_seed"] == context.scale.evaluation.seed
    )
    trained = found[alike & ~found["control"].astype(bool)]
    shown = [(dataset, name) for dataset in context.shown(spec) for name in wanted]
    tables = []
    with style.styled():
        figure, grid = style.panels(2, len(shown), 2.35, 1.9, sharex=True)
        for column, (dataset, name) in enumerate(shown):
            own = trained[(trained["dataset"] == dataset) & (trained["plain"] == name)]
            table = pd.concat(
                [_medians(own, dataset, name, spec, context), _agreement(own, dataset, name)],
                ignore_index=True,
            )
            table = table.astype(dict.fromkeys(["points", "value", "low", "high"], float))
            for axes, statistic in zip(grid[:, column], STATISTICS, strict=True):
                _panel(
                    axes,
                    table[table["statistic"] == statistic],
                    sorted(set(table["points"])),
                    context,
                )
            grid[0, column].set_title(style.titled(name, dataset, spec, context), loc="left")
            tables.append(table)
        for axes, text in zip(grid[:, 0], STATISTICS.values(), strict=True):
            axes.set_ylabel(text)
        lowest = min(-0.05, *(axes.get_ylim()[0] for axes in grid[1]))
        for axes in grid[1]:
            axes.set_ylim(lowest, 1.05)
        style.finish(figure, spec, context, [_remark()], style.methods(spec, context))
    return Drawn(figure, pd.concat(tables, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of every method at the study's own size, for the paper's data sets and those drawn here."""
    wanted = [
        (dataset, name)
        for dataset in context.paper_and_shown(spec)
        for name in context.metrics_of(spec)
    ]
    return [
        Quantity(spec.id, d, model, "", name, "median")
        for d, name in wanted
        for model in context.methods(spec)
    ]


def _medians(
    own: pd.DataFrame, dataset: str, name: str, spec: Spec, context: Context
) -> pd.DataFrame:
    rows = []
    for model in context.methods(spec):
        for points, runs in own[own["model"] == model].groupby("n_train"):
            rng = estimates.generator(dataset, name, model, str(points))
            said = estimates.estimate(runs["result"].to_numpy(dtype=float), rng, estimates.median)
            rows.append(
                (dataset, name, "median", model, points, said.value, said.low, said.high, said.n)
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _agreement(own: pd.DataFrame, dataset: str, name: str) -> pd.DataFrame:
    """Spearman's correlation of each size with the largest, over the runs that have both."""
    wide = own.pivot(index="run", columns="n_train", values="result").astype(float)
    rows = []
    for points in wide.columns[:-1]:
        both = wide[[points, wide.columns[-1]]].dropna().to_numpy()
        said = estimates.spearman(both[:, 0], both[:, 1], estimates.generator(dataset, "spearman"))
        if said.n >= heat.CORRELATION_RUNS:
            rows.append(
                (dataset, name, "spearman", "", points, said.value, said.low, said.high, said.n)
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _panel(axes: Axes, table: pd.DataFrame, sizes: list[float], context: Context) -> None:
    for model, own in table.groupby("model", sort=False):
        marks = (
            style.marked(str(model), context)
            if model
            else {"color": style.INK, "marker": "o", "ms": 4.5}
        )
        axes.plot(own["points"], own["value"], lw=1.1, **marks)
        axes.fill_between(
            own["points"], own["low"], own["high"], color=marks["color"], alpha=0.15, lw=0
        )
    if table["value"].isna().all():
        style.empty(axes, "too few runs or sizes")
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(sizes)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda points, _: f"{points:,.0f}"))
    axes.tick_params(labelsize=7)
    sns.despine(ax=axes)


def _remark() -> str:
    level = f"{100 * estimates.LEVEL:.0f} %"
    few = f"a correlation needs {heat.CORRELATION_RUNS} runs"
    return f"To the right: training points that the metric is given. Bands: {level} bootstrap interval over runs; {few}."
