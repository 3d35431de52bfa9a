"""Scores of every method: a line a method, a column a score, means over hyper-parameters and seeds; controls apart."""

import pandas as pd

from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec
from facsimile.tables import Table
from facsimile.tables.base import means


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """One line a (data set, method), in the study file's order, and one a control."""
    groups = [
        (d, m, "")
        for d in context.shown(spec)
        for m in (*context.design.models, *context.design.controls)
    ]
    return means.make(scores, runs, spec, context, groups, "hyper-parameters and seeds")


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of every line."""
    return means.quantities(
        spec, context, [(m, "") for m in (*context.design.models, *context.design.controls)]
    )
