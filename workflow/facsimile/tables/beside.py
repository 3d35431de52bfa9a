"""Our numbers beside the closed form and the published number: a row per cell of the study.

A row is named by the label of its cell, if the study gives it one.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any, NamedTuple

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import THEORY, rows_of_models, rows_where, select
from facsimile.presentation.spec import ONE_RUN, Quantity, Spec
from facsimile.statistics import estimates
from facsimile.tables import Table
from facsimile.tables.base import means

IDENTITY = ["dataset", "model", "label", "params"]
COLUMNS = [*IDENTITY, "metric", "column", "value", "low", "high", "n"]
OURS, CLOSED_FORM, PUBLISHED, PEERS = KINDS = ("ours", "closed form", "published", "peers'")
DIGITS = (3, 5)  # at least and at most
# Of a published number; exact: of a closed form.
STATISTICS = ("mean", ONE_RUN, "exact")
NAN = float("nan")


class Cell(NamedTuple):
    """What identifies a cell: the columns ``IDENTITY``."""

    dataset: str
    model: str
    label: str
    params: str


class Number(NamedTuple):
    """One number of a row; ``column`` is one of ``KINDS``."""

    metric: str
    column: str
    value: float
    low: float
    high: float
    n: int


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """One row per cell, and up to four columns per score.

    These are the mean of our runs, the closed form, the number published by the authors and the
    one published by peers; columns without any number are left out. The closed form is a mean over
    the runs, too, since it may depend on the sample that a run was trained on. Of several published
    numbers the first in published.csv is shown; the comparison lists all.
    """
    metrics = context.metrics_of(spec)
    shown = rows_of_models(means.shown(runs, spec, context), spec.models)
    shown = rows_where(shown, spec.where)
    selected = _with_theory(scores, metrics, spec, context)
    numbers: dict[Cell, list[Number]] = {}
    for identity in shown[IDENTITY].drop_duplicates().itertuples(index=False):
        cell = Cell(*map(str, identity))
        numbers[cell] = list(_numbers(selected, cell, metrics, spec, context))
    columns = _columns(numbers, metrics)
    digits = {metric: _digits(metric, numbers) for metric in metrics}
    rows = []
    for cell, numbers_of_cell in numbers.items():
        entries = []
        for metric, column in columns:
            entry = _entry(numbers_of_cell, metric, column)
            entries.append(dataclasses.replace(entry, digits=digits[metric]))
        n = means.count(_rows_of(shown, cell))
        block = names.dataset(cell.dataset)
        rows.append(Row(block, _label(cell, shown), n, entries))
    notes = [
        "Mean over the seeds of a row and its 95 % percentile bootstrap interval; n: runs.",
        *context.caption(spec),
        *means.failures(shown),
    ]
    return Table(spec.title, _titles(columns, metrics), rows, notes, _data(numbers))


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """The mean of each method.

    If there are published numbers for the table, only of the scores that they are of.
    """
    shown = [(method, "") for method in context.methods(spec)]
    # A paper may print only some of the scores that the table shows.
    published = set()
    for quantity in (*context.published.authors, *context.published.peers):
        if quantity.artefact == spec.id:
            published.add(quantity.metric)
    listed = means.means_of(spec, context, shown)
    return [quantity for quantity in listed if not published or quantity.metric in published]


def _with_theory(
    scores: pd.DataFrame,
    metrics: list[str],
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """The scores shown and their closed forms, with a column ``name``."""
    both = []
    for metric in metrics:
        both += [metric, metric + THEORY]
    # Scores of all models: which rows are shown is decided by the table of runs.
    all_models = dataclasses.replace(
        spec,
        metrics=tuple(both),
        models=(),
        against=(),
    )
    return select(scores, all_models, context)[0]


def _rows_of(
    frame: pd.DataFrame,
    cell: Cell,
) -> pd.DataFrame:
    return frame[(frame[IDENTITY].astype(str) == list(cell)).all(axis=1)]


def _numbers(
    selected: pd.DataFrame,
    cell: Cell,
    metrics: list[str],
    spec: Spec,
    context: Context,
) -> Iterator[Number]:
    """All numbers that there are for a cell."""
    scores = _rows_of(selected, cell)
    published = {PUBLISHED: context.published.authors, PEERS: context.published.peers}
    for metric in metrics:
        measured = {OURS: metric, CLOSED_FORM: metric + THEORY}
        for column, name in measured.items():
            values = scores.loc[scores["name"] == name, "result"]
            # Seeded by cell and score, so that an interval does not depend on the other rows.
            rng = estimates.generator(*cell, name)
            mean = estimates.estimate(values.to_numpy(dtype=float), rng)
            if mean.n:
                yield Number(metric, column, *astuple(mean))
        for column, known in published.items():
            for quantity in _published_as(cell, metric, spec):
                if quantity in known:
                    yield Number(metric, column, known[quantity], NAN, NAN, 1)
                    break


def _published_as(
    cell: Cell,
    metric: str,
    spec: Spec,
) -> Iterator[Quantity]:
    """How a published number may name a cell, most specific first."""
    names_of_cell = [(cell.model, cell.params), (cell.model, "")]
    if cell.label:
        names_of_cell.insert(0, (cell.label, ""))
    for model, params in names_of_cell:
        for statistic in STATISTICS:
            yield Quantity(spec.id, cell.dataset, model, params, metric, statistic)


def _label(cell: Cell, shown: pd.DataFrame) -> str:
    """Label or model of a cell, and its hyper-parameters unless the label is of it alone."""
    labelled = shown["label"] == cell.label
    if cell.label and shown.loc[labelled, "params"].nunique() == 1:
        return cell.label
    name = cell.label or names.model(cell.model)
    return " ".join(filter(None, [name, names.settings(cell.params)]))


def _columns(
    numbers: dict[Cell, list[Number]],
    metrics: list[str],
) -> list[tuple[str, str]]:
    """Score and kind of each column for which some cell has a number."""
    filled: set[tuple[str, str]] = set()
    for row in numbers.values():
        filled.update((number.metric, number.column) for number in row)
    columns = itertools.product(metrics, KINDS)
    return [column for column in columns if column in filled]


def _titles(
    columns: list[tuple[str, str]],
    metrics: list[str],
) -> list[str]:
    labels = dict(zip(metrics, names.scores(metrics), strict=True))
    titles = []
    for metric, column in columns:
        titles.append(labels[metric] if column == OURS else f"{labels[metric]}, {column}")
    return titles


def _digits(
    metric: str,
    numbers: dict[Cell, list[Number]],
) -> int:
    """Decimals with which a score is shown: as many as were printed, within ``DIGITS``."""
    least, most = DIGITS
    printed = [least]
    for number in itertools.chain.from_iterable(numbers.values()):
        if number.metric == metric and number.column in (PUBLISHED, PEERS):
            decimals = f"{number.value:.{most}f}".rstrip("0").partition(".")[2]
            printed.append(len(decimals))
    return max(printed)


def _entry(
    numbers: list[Number],
    metric: str,
    column: str,
) -> Entry:
    for number in numbers:
        if (number.metric, number.column) == (metric, column):
            # Only our own numbers are shown with their interval.
            if column != OURS:
                return Entry(number.value, NAN, NAN)
            return Entry(number.value, number.low, number.high)
    return Entry(NAN, NAN, NAN)


def _data(
    numbers: dict[Cell, list[Number]],
) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for cell, row in numbers.items():
        rows += [(*cell, *number) for number in row]
    return pd.DataFrame(rows, columns=COLUMNS)
