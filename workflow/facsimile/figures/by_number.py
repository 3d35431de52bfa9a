"""Scores against the number in their names, beside the closed form and published numbers.

A score ``kl_1`` of the study's figure stands for all of ``kl_0``, ``kl_1``, ``kl_2``, ….
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data, style
from facsimile.foundation import declared
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import THEORY, rows_where, trained
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

SIZE = (3.4, 2.6)  # of a panel, in inches
TICKS = 8  # an axis with more numbers has ticks of its own
CLOSED_FORM, PUBLISHED = "closed form", "published"
COLUMNS = ["dataset", "metric", "model", "number", "mean", "least", "most", "n"]
DASHES = (0, (4, 3))
REMARK = "Lines: mean over seeds; shaded: all seeds."


class Series(NamedTuple):
    """Scores that differ in a number: ``metric.score_0``, ``metric.score_1``, …

    Attributes:
        name: ``metric.score``, without the number.
        letter: what stands for the number in the metric's list of scores.
        label: what one of the scores is, with this letter in it.
    """

    name: str
    letter: str
    label: str


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Drawn:
    """One panel per data set and series of scores, one line per method."""
    chosen = rows_where(trained(scores, spec, context), spec.where)
    panels = list(itertools.product(context.shown(spec), _all_series(spec)))
    tables = []
    for dataset, series in panels:
        tables.append(_points(chosen, dataset, series, spec, context))
    table = data.joined(tables, COLUMNS)
    with style.styled():
        figure, grid = style.grid(max(1, len(panels)), *SIZE, columns=2)
        for axes, (dataset, series), points in zip(grid, panels, tables, strict=False):
            _draw_panel(axes, points, series, context)
            style.set_scale(axes, "y", spec)
            title = series.label
            if len(context.shown(spec)) > 1:
                title = f"{names.dataset(dataset)} · {title}"
            axes.set_title(title, loc="left")
        if not panels:
            style.empty(grid[0], "no scores")
        style.finish(figure, spec, context, [REMARK], _legend(table, spec, context))
    return Drawn(figure, table.reset_index(drop=True))


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """The published numbers of this figure: only they say which scores there are."""
    return [quantity for quantity in context.published.authors if quantity.artefact == spec.id]


def _all_series(spec: Spec) -> list[Series]:
    return [_series(name) for name in spec.metrics]


def _series(name: str) -> Series:
    """The series that a score of it stands for."""
    metric, _, score = name.partition(".")
    base = re.sub(r"_\d+$", "", score)
    labels = declared.optional("metrics", metric, "LABELS", {})
    for pattern, meaning in declared.dictionary("metrics", metric, "SCORES").items():
        found = re.fullmatch(re.escape(base) + r"_\{(\w)\}", pattern)
        if found:
            return Series(f"{metric}.{base}", found[1], labels.get(pattern, meaning))
    return Series(f"{metric}.{base}", "number", names.metric(name))


def _points(
    trained: pd.DataFrame,
    dataset: str,
    series: Series,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """One row per mark, with the columns ``COLUMNS``."""
    pattern = re.compile(re.escape(series.name) + rf"_(\d+)({THEORY})?")
    here = trained[trained["dataset"] == dataset]
    parts = here["name"].str.extract(f"^{pattern.pattern}$")
    here = here.assign(number=parts[0], is_theory=parts[1].notna())
    here = here[here["number"].notna()]
    here = here.assign(model=here["method"].mask(here["is_theory"], _closed_forms(here)))
    rows = []
    for (method, number), runs in here.groupby(["model", "number"]):
        results = runs["result"]
        ends = (results.min(), results.max())
        identity = (dataset, series.name, method, int(str(number)))
        rows.append((*identity, results.mean(), *ends, runs["run"].nunique()))
    for quantity, value in context.published.authors.items():
        found = pattern.fullmatch(quantity.metric)
        if found and (quantity.artefact, quantity.dataset) == (spec.id, dataset):
            identity = (dataset, series.name, PUBLISHED, int(found[1]))
            rows.append((*identity, value, value, value, 0))
    # Variants of a published name have the same numbers, which count once.
    table = pd.DataFrame(rows, columns=COLUMNS).drop_duplicates()
    return table.sort_values(["model", "number"])


def _closed_forms(here: pd.DataFrame) -> Any:
    """What the closed form of each row is called: with its method, where methods have others."""
    theory = here[here["is_theory"]]
    # Equal but for rounding errors.
    spread = theory.groupby("number")["result"].agg(lambda values: values.max() - values.min())
    if (spread <= 1e-9 * theory["result"].abs().max()).all():
        return CLOSED_FORM
    return f"{CLOSED_FORM}, " + here["method"]


def _draw_panel(
    axes: Axes,
    points: pd.DataFrame,
    series: Series,
    context: Context,
) -> None:
    if points.empty:
        style.empty(axes, "no scores")
    for model, of_model in points.groupby("model", sort=False):
        x, mean = of_model["number"], of_model["mean"]
        if model in (CLOSED_FORM, PUBLISHED):
            axes.plot(x, mean, **_MARKS[str(model)])
            continue
        if str(model).startswith(CLOSED_FORM):
            # The dots of the method lie on it.
            axes.plot(x, mean, **_MARKS[CLOSED_FORM] | {"lw": 0.7})
            continue
        mark = style.method_mark(str(model), context)
        axes.plot(x, mean, lw=1.1, **mark)
        ends = of_model["least"], of_model["most"]
        axes.fill_between(x, *ends, color=mark["color"], alpha=0.2, lw=0)
    axes.set_xscale("symlog", linthresh=1, linscale=0.4)
    numbers = sorted(set(points["number"]))
    if 0 < len(numbers) <= TICKS:
        axes.set_xticks(numbers, [str(number) for number in numbers])
    axes.set_xlabel(series.letter)
    axes.grid(visible=False, axis="x")
    style.despine(axes)


_MARKS: dict[str, dict[str, Any]] = {
    CLOSED_FORM: {"color": style.INK, "lw": 1.2, "ls": DASHES, "zorder": 4},
    PUBLISHED: {"color": style.INK, "ls": "", "marker": "o", "ms": 4.5, "mfc": "none"},
}


def _legend(
    table: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> list[Artist]:
    entries = style.method_legend(spec, context)
    for name, marks in _MARKS.items():
        if table["model"].astype(str).str.startswith(name).any():
            entries.append(style.legend_line(label=name, **marks))
    return entries
