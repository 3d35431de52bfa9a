"""A row per score: ours, the published number, and their difference.

For tables whose rows are what was measured of a data set or model.
"""

from dataclasses import astuple
from typing import Any

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import rows_of_models, with_names
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates
from facsimile.tables import Table
from facsimile.tables.base import means

# A study may name a metric in place of each of its scores.
SHOWS_METRICS = True
IDENTITY = ["dataset", "method", "name"]
COLUMNS = ["dataset", "model", "metric", "mean", "low", "high", "n", "published", "difference"]
DIGITS = 4  # decimals, one more than in other tables
NAN = float("nan")


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """One row per data set, method and score.

    The spec names metrics, all of whose scores are shown, or single scores.
    """
    controls = context.design.controls if spec.models else ()
    named = rows_of_models(with_names(scores), [*spec.models, *controls])
    # Without a row, pandas cannot tell that these are truth values.
    is_shown = named["name"].map(lambda name: _is_shown(name, spec)).astype(bool)
    shown = named[named["dataset"].isin(context.shown(spec)) & is_shown]
    numbers = []
    for key, group in shown.groupby(IDENTITY, sort=False):
        numbers.append(_numbers(group, key, spec, context))
    data = pd.DataFrame(numbers, columns=COLUMNS)
    # Rows name their method only if there are several.
    several_methods = data["model"].nunique() > 1
    # A table without any published number has no columns for them.
    columns = ["ours", "published", "difference"]
    if data["published"].isna().all():
        columns = columns[:1]
    rows = [_row(number, several_methods, len(columns)) for number in data.to_dict("records")]
    notes = [
        "n: runs; one where nothing is trained.",
        *context.caption(spec),
        *means.failures(means.shown(runs, spec, context)),
    ]
    return Table(spec.title, columns, rows, notes, data)


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The published numbers of this table: only a metric knows its scores."""
    return [quantity for quantity in context.published.authors if quantity.artefact == spec.id]


def _is_shown(name: str, spec: Spec) -> bool:
    """Whether a score is shown; variations of a score only if the spec names them."""
    if name in spec.metrics:
        return True
    metric = name.partition(".")[0]
    return "@" not in name and (not spec.metrics or metric in spec.metrics)


def _numbers(
    scores: pd.DataFrame,
    key: Any,
    spec: Spec,
    context: Context,
) -> tuple[object, ...]:
    """The columns ``COLUMNS`` of one score; ``key`` are its columns ``IDENTITY``."""
    dataset, method, name = map(str, key)
    values = scores["result"].to_numpy(dtype=float)
    # Seeded by what it is of, so that an interval does not depend on the other rows.
    mean = estimates.estimate(values, estimates.generator(dataset, method, name))
    quantity = Quantity(spec.id, dataset, method, "", name, "mean")
    published = context.published.authors.get(quantity, NAN)
    difference = mean.value - published
    return (dataset, method, name, *astuple(mean), published, difference)


def _row(
    number: dict[Any, Any],
    several_methods: bool,
    columns: int,
) -> Row:
    block = names.dataset(number["dataset"])
    [label] = names.scores([number["metric"]])
    if several_methods:
        label = f"{names.model(number['model'])} {label}"
    entries = [Entry(number["mean"], number["low"], number["high"], digits=DIGITS)]
    for column in ("published", "difference"):
        entries.append(Entry(number[column], NAN, NAN, digits=DIGITS))
    return Row(block, label, str(number["n"]), entries[:columns])
