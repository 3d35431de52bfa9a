"""Mean scores of each method on complete series; below them, what peers print of incomplete ones.

The peers' numbers are of other data, series of which a part is missing, so that no number of ours
has the same cell. They are those of the same data set and length, in the order of published.csv.
"""

import dataclasses

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.spec import Quantity, Spec
from facsimile.tables import Table
from facsimile.tables.base import means

NAN = float("nan")
LENGTH = "length"  # in the name of a data set whose series have another length than ours
NOTE = (
    "Rows named missing: numbers of peers on series with so much missing, which are not comparable "
    "with ours on complete ones; they have no interval in print."
)


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """One row per data set and method that is trained on it, then one per peer's method."""
    trained = means.shown(runs, spec, context)[["dataset", "method"]].drop_duplicates()
    pairs = set(trained.itertuples(index=False, name=None))
    groups = []
    for dataset in context.shown(spec):
        for method in context.methods(spec):
            if (dataset, method) in pairs:
                groups.append((dataset, method, ""))
    table = means.make(scores, runs, spec, context, groups, "seeds")
    metrics = context.metrics_of(spec)
    known = _peers(spec, context)
    rows, numbers = list(table.rows), [table.data]
    for (dataset, model), values in known.items():
        entries = [Entry(values.get(metric, NAN), NAN, NAN) for metric in metrics]
        rows.append(Row(f"{dataset}: peers", model, "peer", entries))
        columns = {"dataset": dataset, "model": model, "metric": list(values)}
        numbers.append(pd.DataFrame({**columns, "mean": list(values.values())}))
    return dataclasses.replace(
        table,
        rows=rows,
        notes=[*table.notes, NOTE],
        data=pd.concat(numbers, ignore_index=True),
    )


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """The mean of each method on the data sets that it is trained on."""
    return means.means_of(spec, context, [(method, "") for method in context.methods(spec)])


def _peers(
    spec: Spec,
    context: Context,
) -> dict[tuple[str, str], dict[str, float]]:
    """Data set and method -> score -> number, for data sets whose name begins like one of ours."""
    shown = [names.dataset(dataset) for dataset in context.shown(spec)]
    metrics = context.metrics_of(spec)
    published_as: dict[str, str] = {}
    for name, variants in context.design.variants.model.items():
        published_as |= {variant.name: name for variant in variants}
    known: dict[tuple[str, str], dict[str, float]] = {}
    # The numbers are in the reverse order of the file.
    for quantity, value in reversed(list(context.published.peers.items())):
        dataset = names.dataset(quantity.dataset)
        family = dataset.partition(",")[0]
        is_shown = any(name.startswith(family) for name in shown)
        if is_shown and LENGTH not in dataset and quantity.metric in metrics:
            # A number is listed once for each variant of its method.
            method = published_as.get(quantity.model, names.model(quantity.model))
            known.setdefault((dataset, method), {})[quantity.metric] = value
    return known
