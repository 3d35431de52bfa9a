"""Median score of each method against the strength of its regularisation (Locatello et al. 2019, Fig. 4 left family)."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from facsimile import canonical, names, statistics
from facsimile.figures import Drawn, _style
from facsimile.presentation import Context, Quantity, Spec, select

COLUMNS = 3
SHIFT = 0.07  # between methods, so that their intervals do not cover each other
MARKERS = "osD^vphX"


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One panel a (data set, score); the x axis is the value's position in its own method's sweep, as the scales differ."""
    found, wanted = select(scores, spec, context)
    trained = found[found["value_index"].notna() & ~found["control"].astype(bool)]
    shown = [(dataset, name) for dataset in context.shown(spec) for name in wanted]
    columns = min(COLUMNS, len(shown))
    medians = [_medians(trained, dataset, name, context) for dataset, name in shown]
    with _style.styled():
        figure, grid = _style.panels(-(-len(shown) // columns), columns, 3.05, 2.3)
        for axes, (dataset, name), table in zip(grid.flat, shown, medians, strict=False):
            _panel(axes, table, context)
            axes.set_title(
                names.metric(name) + (f" · {names.dataset(dataset)}" if len(context.shown(spec)) > 1 else ""), loc="left"
            )
        for axes in grid.flat[len(shown) :]:
            axes.set_axis_off()
        _style.finish(figure, spec, context, [_remark(medians), _values(context)], _legend(context))
    return Drawn(figure, pd.concat(medians, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of every published value of every method that sweeps one hyper-parameter."""
    wanted = [(dataset, name) for dataset in context.named(spec) for name in context.metrics_of(spec)]
    swept = [(model, context.models[model][0], value) for model, values in context.sweeps.items() for value in values]
    return [Quantity(spec.id, d, m, canonical.dumps({p: v}), name, "median") for d, name in wanted for m, p, v in swept]


def _medians(trained: pd.DataFrame, dataset: str, name: str, context: Context) -> pd.DataFrame:
    """A row a (model, value): median over seeds with its interval, and n."""
    found = trained[(trained["dataset"] == dataset) & (trained["name"] == name)]
    rows = []
    for model in context.models:
        for position, runs in found[found["model"] == model].groupby("value_index"):
            rng = statistics.generator(dataset, name, model, str(position))
            said = statistics.estimate(runs["result"].to_numpy(dtype=float), rng, statistics.median)
            rows.append((dataset, name, model, runs["value"].iloc[0], position, said.value, said.low, said.high, said.n))
    return pd.DataFrame(rows, columns=["dataset", "metric", "model", "value", "value_index", "median", "low", "high", "n"])


def _panel(axes: Axes, table: pd.DataFrame, context: Context) -> None:
    palette = _style.colours(context.models)
    for i, model in enumerate(context.models):
        own = table[table["model"] == model]
        x = own["value_index"].to_numpy(dtype=float) + 1 + SHIFT * (i - (len(context.models) - 1) / 2)
        middle, low, high = (own[key].to_numpy(dtype=float) for key in ("median", "low", "high"))
        axes.plot(
            x, middle, color=palette[model], lw=1.1, marker=MARKERS[i % len(MARKERS)], ms=4, mec="white", mew=0.4, zorder=3
        )
        axes.vlines(
            x,
            np.where(np.isnan(low), middle, low),
            np.where(np.isnan(high), middle, high),
            color=palette[model],
            lw=1.0,
            alpha=0.7,
        )
    if table.empty:
        _style.empty(axes, "no scores")
    most = max((len(values) for values in context.sweeps.values()), default=1)
    axes.set(xticks=range(1, most + 1), xlim=(0.6, most + 0.4), xlabel="position of the value in its sweep")
    axes.grid(visible=False, axis="x")
    sns.despine(ax=axes, left=True)


def _legend(context: Context) -> list[Artist]:
    palette = _style.colours(context.models)
    return [_style.line(palette[m], MARKERS[i % len(MARKERS)], names.model(m)) for i, m in enumerate(context.models)]


def _values(context: Context) -> str:
    swept = [(m, context.models[m][0], values) for m, values in context.sweeps.items()]
    said = [f"{names.model(m)} {names.parameter(p)} = {', '.join(f'{v:g}' for v in values)}" for m, p, values in swept]
    return f"Positions: {'; '.join(said)}."


def _remark(medians: list[pd.DataFrame]) -> str:
    counts = pd.concat([table["n"] for table in medians])
    n = "no runs" if counts.empty else f"n = {counts.min()}" + (f" to {counts.max()}" if counts.max() > counts.min() else "")
    return f"Median over seeds ({n} a point) and its {100 * statistics.LEVEL:.0f} % bootstrap interval, if two seeds differ."
