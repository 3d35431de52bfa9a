"""Exact values in the place of published numbers: one per cell and score that declares one.

A study file declares them under ``closed_form`` of a table or figure, each with a tolerance and the
reason for it. A value that depends on the cell is the score ``<score>_theory`` of the same runs. A
declared score may be a name under ``faithful_to``; then each of its variants is judged.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from facsimile.comparison.published import CLOSED_FORM, Published
from facsimile.presentation.context import Context
from facsimile.presentation.select import (
    THEORY,
    rows_of_models,
    rows_where,
    with_names,
    without_controls,
)
from facsimile.presentation.spec import Quantity, Spec
from facsimile.studies.parts import ClosedForm

CELL = ["dataset", "method", "params"]
NOT_PRINTED = float("nan")


def numbers(
    scores: pd.DataFrame,
    specs: Sequence[Spec],
    context: Context,
) -> list[Published]:
    """The exact values that ``specs`` declare, of every cell with such a score."""
    exact: list[Published] = []
    for spec in specs:
        for name, declared in spec.closed_form:
            for keys, cell in _shown(scores, spec, context).groupby(CELL, sort=False):
                dataset, method, params = map(str, keys)
                quantity = Quantity(spec.id, dataset, method, params, name, "mean")
                # Lines of published.csv are positive.
                line = -len(exact) - 1
                exact += _of_cell(cell, quantity, declared, context, line)
    return exact


def _shown(scores: pd.DataFrame, spec: Spec, context: Context) -> pd.DataFrame:
    """The scores of the models, cells and data sets that a table or figure shows."""
    selected = scores[scores["dataset"].isin(context.shown(spec))]
    selected = rows_of_models(selected, spec.models)
    selected = rows_where(selected, spec.where)
    return without_controls(with_names(selected))


def _of_cell(
    cell: pd.DataFrame,
    quantity: Quantity,
    declared: ClosedForm,
    context: Context,
    line: int,
) -> Iterator[Published]:
    """The exact value of each variant of a score; none of those that the cell does not have."""
    for variant, words in context.design.variants.of(quantity):
        if not (cell["name"] == variant.metric).any():
            continue
        value = declared.value
        if value is None:
            # A mean, because it may depend on the sample that a run was trained on.
            value = cell.loc[cell["name"] == variant.metric + THEORY, "result"].mean()
        if pd.notna(value):
            yield Published(
                quantity=variant,
                value=float(value),
                spread=NOT_PRINTED,
                rounding=declared.tolerance,
                source=f"{declared.source}; tolerance {declared.tolerance:g}: {declared.reason}",
                how=CLOSED_FORM,
                faithful_to=words,
                line=line,
            )
