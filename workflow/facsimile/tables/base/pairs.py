"""Tables of pairs of methods: one row for each two methods, in the study file's order."""

import itertools

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import directed, select, without_controls
from facsimile.presentation.spec import Spec

Values = NDArray[np.float64]


def trained_scores(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> tuple[pd.DataFrame, list[str]]:
    """Scores of trained runs that a table shows, and their names in the order of its columns.

    Signs are turned where needed, so that higher is better. The scores have the columns of
    ``with_names``.
    """
    selected, metrics = select(scores, spec, context)
    return directed(without_controls(selected)), metrics


def of_methods(spec: Spec, context: Context) -> list[tuple[str, str]]:
    """All pairs of the methods that a table shows."""
    return list(itertools.combinations(context.methods(spec), 2))


def label(first: str, second: str) -> str:
    """``β-VAE over FactorVAE``."""
    return f"{names.model(first)} over {names.model(second)}"


class ScoresByMethod:
    """The scores of each method on each data set, selected once and not again for each pair."""

    def __init__(self, scores: pd.DataFrame) -> None:
        """``scores``: of trained runs, with the columns of ``with_names``."""
        groups = scores.groupby(["dataset", "method", "name"], sort=False, observed=True)
        self._groups = {key: rows for key, rows in groups}
        self._empty = scores.iloc[:0]

    def select(self, dataset: str, method: str, name: str) -> pd.DataFrame:
        """The rows of one score of one method on one data set."""
        return self._groups.get((dataset, method, name), self._empty)
