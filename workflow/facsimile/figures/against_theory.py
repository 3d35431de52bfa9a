"""A score against a swept hyper-parameter, one colour a value of the other, with the closed form as lines."""

import json

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from facsimile.figures import Drawn
from facsimile.figures.base import style
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec

THEORY = "_theory"
COLUMNS = ["dataset", "text", "metric", "parameter", "x", "hue", "ours", "theory", "n"]


def draw(scores: pd.DataFrame, spec: Spec, context: Context) -> Drawn:
    """A row of panels a model (or label) that has the closed form of a score, a column a score; points are means over seeds.

    The x axis is the hyper-parameter with the most values in that row, the colour the one with the second most.
    """
    both = Spec(
        spec.id,
        spec.kind,
        datasets=spec.datasets,
        metrics=tuple(n for m in spec.metrics for n in (m, m + THEORY)),
    )
    found = select(scores, both, context)[0] if spec.metrics else scores.iloc[:0].assign(name="")
    found = found[~found["control"].astype(bool)]
    found = found.assign(
        text=found["label"].where(found["label"] != "", found["model"].map(names.model))
    )
    texts = [str(text) for text in found.loc[found["name"].str.endswith(THEORY), "text"].unique()]
    frames = [_means(found[found["text"] == text], text, spec) for text in texts]
    data = pd.concat(frames) if frames else pd.DataFrame(columns=COLUMNS)
    with style.styled():
        figure, grid = style.panels(max(1, len(texts)), max(1, len(spec.metrics)), 3.2, 2.1)
        for axes_of, text in zip(grid, texts, strict=False):
            for axes, name, title in zip(
                axes_of, spec.metrics, names.scores(list(spec.metrics)), strict=True
            ):
                _panel(axes, data[(data["text"] == text) & (data["metric"] == name)])
                axes.set_title(f"{text}: {title}", loc="left")
            if axes_of[-1].get_legend_handles_labels()[0]:
                axes_of[-1].legend(frameon=False, fontsize=7)
        if not texts:
            style.empty(grid[0, 0], "no scores")
        legend = [
            Line2D([], [], color=style.INK, marker="o", ls="", ms=4, label="trained"),
            Line2D([], [], color=style.INK, lw=0.9, label="closed form"),
        ]
        style.finish(
            figure,
            spec,
            context,
            ["Mean over seeds. Straight lines join the closed form at the values that are swept."],
            legend,
        )
    return Drawn(figure, data.reset_index(drop=True))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of every model, for the paper's data sets and those shown here."""
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


def _means(own: pd.DataFrame, text: str, spec: Spec) -> pd.DataFrame:
    """A row a cell and score of one line of panels."""
    params = own.drop_duplicates("params")["params"].map(json.loads)
    swept = sorted(
        {key for p in params for key in p}, key=lambda k: -len({p.get(k) for p in params})
    )
    swept = [key for key in swept if len({p.get(key) for p in params}) > 1] or swept[:1]
    x, hue = (*swept, "", "")[:2]
    rows = []
    for (dataset, stated), cell in own.groupby(["dataset", "params"], sort=False):
        values, means = json.loads(str(stated)), cell.groupby("name")["result"].mean()
        n = cell["run"].nunique()
        for name in spec.metrics:
            at = (values.get(x), values.get(hue), means.get(name), means.get(name + THEORY), n)
            rows.append((dataset, text, name, f"{x}|{hue}", *at))
    return pd.DataFrame(rows, columns=COLUMNS)


def _panel(axes: Axes, data: pd.DataFrame) -> None:
    hues = sorted(data["hue"].dropna().unique()) or [None]
    x, hue = (str(data["parameter"].iloc[0]) if len(data) else "|").split("|")
    for colour, value in zip(sns.color_palette("colorblind", len(hues)), hues, strict=True):
        own = (data if value is None else data[data["hue"] == value]).sort_values("x")
        axes.plot(own["x"], own["theory"], color=colour, lw=0.9)
        label = None if value is None else f"{names.parameter(hue)} = {value:g}"
        axes.plot(
            own["x"],
            own["ours"],
            color=colour,
            marker="o",
            ls="",
            ms=4,
            mec="white",
            mew=0.4,
            label=label,
        )
    axes.set(xlabel=names.parameter(x), ylim=(None, None))
    axes.margins(y=0.12)
    axes.grid(visible=False, axis="x")
    sns.despine(ax=axes, left=True)
