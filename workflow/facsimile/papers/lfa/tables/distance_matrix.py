"""Distances of explanations (rows) and instances (columns): ours, and the published ones below."""

import itertools
from dataclasses import astuple

import numpy as np
import pandas as pd

from facsimile.papers.lfa.explanations import METHODS
from facsimile.papers.lfa.metrics.explanation_distance import instance_of
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import once_per_run, rows_of_models, with_names
from facsimile.presentation.spec import ONE_RUN, Quantity, Spec
from facsimile.statistics import further_run
from facsimile.tables import Table
from facsimile.tables.base import means

COLUMNS = [
    *("dataset", "model", "distance", "existing", "instance"),
    *("mean", "low", "high", "n", "published"),
]
# The spec names a metric in place of each of its scores.
SHOWS_METRICS = True
KEY = ["dataset", "method", "name"]
METRIC = "explanation_distance"
DISTANCES = {"l1": "L1", "cosine": "cosine"}
DIGITS = 4
NAN = float("nan")
NONE = np.empty(0)


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """Seven rows per data set, network and distance."""
    shown_runs = rows_of_models(means.shown(runs, spec, context), spec.models)
    named = rows_of_models(with_names(scores), spec.models)
    named = once_per_run(named[named["dataset"].isin(context.shown(spec))])
    results = {key: group["result"].to_numpy(float) for key, group in named.groupby(KEY)}
    trained = shown_runs[["dataset", "method"]].drop_duplicates()
    rows: list[Row] = []
    numbers: list[tuple[object, ...]] = []
    for network, distance in itertools.product(trained.itertuples(index=False), DISTANCES):
        dataset, model = map(str, network)
        block = f"{names.dataset(dataset)} · {names.model(model)} · {DISTANCES[distance]}"
        for existing in METHODS:
            line = []
            for instance in METHODS:
                name = f"{METRIC}.{distance}_{existing}_{instance_of(instance)}"
                values = results.get((dataset, model, name), NONE)
                mean = further_run.estimate(values)
                quantity = Quantity(spec.id, dataset, model, "", name, ONE_RUN)
                published = context.published.authors.get(quantity, NAN)
                line.append((*astuple(mean), published))
                numbers.append((dataset, model, distance, existing, instance, *line[-1]))
            rows += _rows(block, METHODS[existing], line)
    notes = [
        "Mean over points. Rows: existing methods; columns: instances as released.",
        "n: seeds of a network; [ ]: 95 % interval of one further seed.",
        *context.caption(spec),
        *means.failures(shown_runs),
    ]
    return Table(
        spec.title,
        list(METHODS.values()),
        rows,
        notes,
        pd.DataFrame(numbers, columns=COLUMNS),
    )


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """The published numbers of this table."""
    return [quantity for quantity in context.published.authors if quantity.artefact == spec.id]


def _rows(
    block: str,
    label: str,
    line: list[tuple[float, ...]],
) -> list[Row]:
    """Our row and, if there is any, the published one; entries are value, ends, n, published."""
    ours = [Entry(value, low, high, digits=DIGITS) for value, low, high, _, _ in line]
    n = max(count for _, _, _, count, _ in line)
    rows = [Row(block, label, str(n), ours)]
    published = [number for *_, number in line]
    if not np.isnan(published).all():
        entries = [Entry(number, NAN, NAN, digits=DIGITS) for number in published]
        rows.append(Row(block, f"{label}, published", "", entries))
    return rows
