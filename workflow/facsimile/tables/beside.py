"""Ours beside the closed form and the published number: a line a cell of the study, called by its label if it has one."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import rows_of_models, select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates
from facsimile.tables import Table
from facsimile.tables.base import means

THEORY = "_theory"  # a score ``x_theory`` is the closed form of the score ``x`` of the same metric
IDENTITY = ["dataset", "model", "label", "params"]


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """One line a cell; for each score the mean of our runs and, where there are such, the closed form and what was printed.

    The closed form is the mean over the runs, too: it may depend on the sample that a run was given. Of several published
    numbers the first in the CSV is shown; the comparison has all. What peers printed has a column of its own.
    """
    wanted = context.metrics_of(spec)
    both = Spec(
        spec.id,
        spec.kind,
        spec.title,
        spec.datasets,
        tuple(n for w in wanted for n in (w, w + THEORY)),
    )
    found = select(scores, both, context)[0]
    made = rows_of_models(means.shown(runs, spec, context), spec.models)
    cells = made[IDENTITY].drop_duplicates().itertuples(index=False)
    lines = [_line(found, made, tuple(map(str, cell)), wanted, spec, context) for cell in cells]
    numbers = pd.DataFrame([number for _, own in lines for number in own], columns=COLUMNS)
    columns = _columns(numbers, wanted)
    rows = [Row(*head, [_entry(own, *column) for column in columns]) for head, own in lines]
    notes = [
        "Mean over the seeds of a line and its 95 % percentile bootstrap interval; n: runs.",
        *context.caption(spec),
    ]
    called = dict(zip(wanted, names.scores(wanted), strict=True))
    titles = [
        called[name] if column == "ours" else f"{called[name]}, {column}"
        for name, column in columns
    ]
    return Table(spec.title, titles, rows, [*notes, *means.failures(made)], numbers)


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of every labelled cell, and of every model that has no labels: of the scores that the paper prints, if any."""
    cells = [
        *context.design.labels.items(),
        *((m, m) for m in context.design.models if m not in context.design.labels.values()),
    ]
    models = [name for name, model in cells if not spec.models or {name, model} & {*spec.models}]
    stated = {
        quantity.metric
        for quantity in (*context.published.authors, *context.published.peers)
        if quantity.artefact == spec.id
    }
    listed = means.quantities(spec, context, [(model, "") for model in models])
    return [quantity for quantity in listed if not stated or quantity.metric in stated]


COLUMNS = [*IDENTITY, "metric", "column", "value", "low", "high", "n"]
Line = tuple[tuple[str, str, str], list[tuple[Any, ...]]]


def _line(
    found: pd.DataFrame,
    made: pd.DataFrame,
    cell: tuple[str, ...],
    wanted: list[str],
    spec: Spec,
    context: Context,
) -> Line:
    """Block, label and n of a cell, and its numbers."""
    own, runs = (
        frame[(frame[IDENTITY].astype(str) == list(cell)).all(axis=1)] for frame in (found, made)
    )
    numbers = []
    for name in wanted:
        for column, score in (("ours", name), ("closed form", name + THEORY)):
            values = own.loc[own["name"] == score, "result"].to_numpy(dtype=float)
            said = estimates.estimate(values, estimates.generator(*cell, score))
            numbers += (
                [(*cell, name, column, said.value, said.low, said.high, said.n)] if said.n else []
            )
        for column, known in (
            ("published", context.published.authors),
            ("peers'", context.published.peers),
        ):
            printed = _printed(cell, name, spec, known)
            numbers += (
                [(*cell, name, column, printed, float("nan"), float("nan"), 1)]
                if printed is not None
                else []
            )
    dataset, model, label, params = cell
    alone = made.loc[made["label"] == label, "params"].nunique() == 1
    text = (
        label
        if label and alone
        else " ".join(filter(None, [label or names.model(model), names.settings(params)]))
    )
    return (names.dataset(dataset), text, means.count(runs)), numbers


def _printed(
    cell: tuple[str, ...], name: str, spec: Spec, known: Mapping[Quantity, float]
) -> float | None:
    dataset, model, label, params = cell
    asked = [Quantity(spec.id, dataset, label, "", name, s) for s in ("mean", "exact") if label]
    asked += [
        Quantity(spec.id, dataset, model, p, name, s)
        for p in (params, "")
        for s in ("mean", "exact")
    ]
    return next((known[quantity] for quantity in asked if quantity in known), None)


def _columns(numbers: pd.DataFrame, wanted: list[str]) -> list[tuple[str, str]]:
    there = set(zip(numbers["metric"], numbers["column"], strict=True))
    return [
        (w, column)
        for w in wanted
        for column in ("ours", "closed form", "published", "peers'")
        if (w, column) in there
    ]


def _entry(numbers: list[tuple[Any, ...]], name: str, column: str) -> Entry:
    for number in numbers:
        if number[4:6] == (name, column):
            low, high = number[7:9] if column == "ours" else (float("nan"), float("nan"))
            return Entry(number[6], low, high)
    return Entry(float("nan"), float("nan"), float("nan"))
