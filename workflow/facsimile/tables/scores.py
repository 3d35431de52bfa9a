"""Mean scores of each method, over hyper-parameters and seeds.

A row per method and a column per score; controls are shown in a block of their own.
"""

import pandas as pd

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
    """One row per data set and method, in the study file's order, then one per control."""
    groups = []
    for dataset in context.shown(spec):
        for method in _methods(spec, context):
            groups.append((dataset, method, ""))
    return means.make(scores, runs, spec, context, groups, "hyper-parameters and seeds")


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of every row."""
    groups = [(method, "") for method in _methods(spec, context)]
    return means.means_of(spec, context, groups)


def _methods(spec: Spec, context: Context) -> list[str]:
    return [*context.methods(spec), *context.design.controls]
