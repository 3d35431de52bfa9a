"""Scores of every method: a line a method, a column a score, means over hyper-parameters and seeds; controls apart."""

import pandas as pd

from facsimile.presentation import Context, Quantity, Spec
from facsimile.tables import Table, _means


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """One line a (data set, method), in the study file's order, and one a control."""
    groups = [(d, m, "") for d in context.shown(spec) for m in (*context.models, *context.controls)]
    return _means.make(scores, runs, spec, context, groups, "hyper-parameters and seeds")


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of every line."""
    return _means.quantities(spec, context, [(m, "") for m in (*context.models, *context.controls)])
