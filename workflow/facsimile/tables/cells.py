"""Scores of every cell: a line a hyper-parameter value, a column a score, means over seeds; controls apart."""

import pandas as pd

from facsimile.foundation import canonical
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec
from facsimile.tables import Table
from facsimile.tables.base import means
from facsimile.tables.base.means import Group


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """One line a (data set, method, value) that was run, in the order of the sweep, and one a control."""
    made = means.shown(runs, spec, context)
    listed = [
        (d, m)
        for d in context.shown(spec)
        for m in (*context.design.models, *context.design.controls)
    ]
    groups = [group for dataset, model in listed for group in _values(made, dataset, model)]
    return means.make(scores, runs, spec, context, groups, "seeds")


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of every published value of every method that sweeps one hyper-parameter."""
    groups = [
        (m, canonical.dumps({context.design.models[m][0]: v}))
        for m, values in context.design.sweeps.items()
        for v in values
    ]
    return means.quantities(spec, context, groups)


def _values(made: pd.DataFrame, dataset: str, model: str) -> list[Group]:
    own = means.of(made, (dataset, model, "")).sort_values(["value_index", "value"], kind="stable")
    return [(dataset, model, params) for params in dict.fromkeys(own["params"])]
