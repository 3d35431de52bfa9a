"""Median score of each method against the strength of its regularisation (Locatello et al. 2019, Fig. 1 and 4 left)."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.foundation import canonical
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates

SHIFT = 0.07  # between methods, so that their intervals do not cover each other


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """One panel a (data set, score); the x axis is the value's position in its own method's sweep, as the scales differ."""
    found, wanted = select(scores, spec, context)
    trained = found[found["value_index"].notna() & ~found["control"].astype(bool)]
    shown = [(dataset, name) for dataset in context.shown(spec) for name in wanted]
    medians = [_medians(trained, dataset, name, context) for dataset, name in shown]
    with style.styled():
        figure, panels = style.grid(len(shown), 3.05, 2.3)
        for axes, (dataset, name), table in zip(panels, shown, medians, strict=True):
            _panel(axes, table, spec, context)
            style.scale(axes, "y", spec)
            axes.set_title(style.titled(name, dataset, spec, context), loc="left")
        style.finish(
            figure,
            spec,
            context,
            [_remark(medians), _values(spec, context)],
            style.methods(spec, context),
        )
    return Drawn(figure, pd.concat(medians, ignore_index=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The median of every published value of every method that sweeps one hyper-parameter."""
    wanted = [
        (dataset, name)
        for dataset in context.paper_and_shown(spec)
        for name in context.metrics_of(spec)
    ]
    swept = [
        (m, context.design.models[m][0], value)
        for m in context.methods(spec)
        for value in context.design.sweeps.get(m, ())
    ]
    return [
        Quantity(spec.id, d, m, canonical.dumps({p: v}), name, "median")
        for d, name in wanted
        for m, p, v in swept
    ]


def _medians(trained: pd.DataFrame, dataset: str, name: str, context: Context) -> pd.DataFrame:
    """A row a (model, value): median over seeds with its interval, and n."""
    found = trained[(trained["dataset"] == dataset) & (trained["name"] == name)]
    rows = []
    for model in context.design.models:
        for position, runs in found[found["model"] == model].groupby("value_index"):
            rng = estimates.generator(dataset, name, model, str(position))
            said = estimates.estimate(runs["result"].to_numpy(dtype=float), rng, estimates.median)
            rows.append(
                (
                    dataset,
                    name,
                    model,
                    runs["value"].iloc[0],
                    position,
                    said.value,
                    said.low,
                    said.high,
                    said.n,
                )
            )
    return pd.DataFrame(
        rows,
        columns=[
            "dataset",
            "metric",
            "model",
            "value",
            "value_index",
            "median",
            "low",
            "high",
            "n",
        ],
    )


def _panel(axes: Axes, table: pd.DataFrame, spec: Spec, context: Context) -> None:
    palette = style.colours(context.design.models)
    methods = context.methods(spec)
    for i, model in enumerate(methods):
        own = table[table["model"] == model]
        x = own["value_index"].to_numpy(dtype=float) + 1 + SHIFT * (i - (len(methods) - 1) / 2)
        middle, low, high = (own[key].to_numpy(dtype=float) for key in ("median", "low", "high"))
        axes.plot(x, middle, lw=1.1, zorder=3, **style.marked(model, context))
        limits = np.where(np.isnan(low), middle, low), np.where(np.isnan(high), middle, high)
        axes.vlines(x, *limits, color=palette[model], lw=1.0, alpha=0.7)
    if table.empty:
        style.empty(axes, "no scores")
    most = max((len(values) for values in context.design.sweeps.values()), default=1)
    axes.set(
        xticks=range(1, most + 1),
        xlim=(0.6, most + 0.4),
        xlabel="position of the value in its sweep",
    )
    axes.grid(visible=False, axis="x")
    sns.despine(ax=axes, left=True)


def _values(spec: Spec, context: Context) -> str:
    swept = [
        (m, context.design.models[m][0], context.design.sweeps[m])
        for m in context.methods(spec)
        if m in context.design.sweeps
    ]
    said = [
        f"{names.model(m)} {names.parameter(p)} = {', '.join(f'{v:g}' for v in values)}"
        for m, p, values in swept
    ]
    return f"Positions: {'; '.join(said)}."


def _remark(medians: list[pd.DataFrame]) -> str:
    counts = pd.concat([table["n"] for table in medians])
    n = (
        "no runs"
        if counts.empty
        else f"n = {counts.min()}" + (f" to {counts.max()}" if counts.max() > counts.min() else "")
    )
    return f"Median over seeds ({n} a point) and its {100 * estimates.LEVEL:.0f} % bootstrap interval, if two seeds differ."
