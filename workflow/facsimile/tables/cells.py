"""Mean scores of each cell, over seeds.

A row per hyper-parameter value and a column per score; controls are shown in a block of their own.
"""

import pandas as pd

from facsimile.presentation import quantities
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec
from facsimile.tables import Table
from facsimile.tables.base import means


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """One row per data set, method and value that was run, in the order of the sweep.

    Then one row per control.
    """
    shown_runs = means.shown(runs, spec, context)
    groups = []
    for dataset in context.shown(spec):
        for method in (*context.methods(spec), *context.design.controls):
            for params in _settings(shown_runs, dataset, method):
                groups.append((dataset, method, params))
    return means.make(scores, runs, spec, context, groups, "seeds")


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of each published value of each method that sweeps one hyper-parameter."""
    swept = quantities.swept_cells(context, context.methods(spec))
    return means.means_of(spec, context, swept)


def _settings(
    runs: pd.DataFrame,
    dataset: str,
    method: str,
) -> list[str]:
    """Hyper-parameters of a method's runs, in the order of its sweep."""
    rows = means.rows_of(runs, (dataset, method, ""))
    # Values of a sweep in its order, then those that are no part of it, such as of a control.
    rows = rows.sort_values(["value_index", "value"], kind="stable")
    return list(dict.fromkeys(rows["params"]))
