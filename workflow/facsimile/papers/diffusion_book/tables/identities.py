"""Identities with a closed form: the difference of their two sides, and what is tolerated."""

import math

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import THEORY, once_per_run, rows_of_models, with_names
from facsimile.presentation.spec import Quantity, Spec
from facsimile.tables import Table
from facsimile.tables.base import means

COLUMNS = ["dataset", "metric", "difference", "tolerance", "n"]
NAN = math.nan


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """One row per data set and score with a closed form, in the order of the study."""
    here = scores[scores["dataset"].isin(context.shown(spec))]
    named = rows_of_models(once_per_run(with_names(here)), spec.models)
    rows, numbers = [], []
    for dataset in context.shown(spec):
        of_data = named[named["dataset"] == dataset].set_index("name")["result"]
        for name, closed in spec.closed_form:
            if name not in of_data:
                continue
            exact = closed.value if closed.value is not None else of_data[[name + THEORY]].mean()
            ours = of_data[[name]]
            difference = abs(float(ours.mean()) - exact)
            numbers.append((dataset, name, difference, closed.tolerance, len(ours)))
            entries = [_entry(difference), _entry(closed.tolerance)]
            [label] = names.scores([name])
            rows.append(
                Row(
                    names.dataset(dataset),
                    label,
                    str(len(ours)),
                    entries,
                )
            )
    notes = [
        "n: runs; one where nothing is trained. 0 is 0 to the last bit.",
        *context.caption(spec),
        *means.failures(
            means.shown(
                runs,
                spec,
                context,
            )
        ),
    ]
    data = pd.DataFrame(numbers, columns=COLUMNS)
    return Table(
        spec.title,
        ["difference", "tolerance"],
        rows,
        notes,
        data,
    )


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: closed forms are judged from the scores."""
    return []


def _entry(value: float) -> Entry:
    """A number in scientific notation: rounding errors are the content of this table."""
    return Entry(
        value,
        NAN,
        NAN,
        text=f"{value:.0e}" if value else "0",
    )
