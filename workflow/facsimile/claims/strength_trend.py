"""Whether stronger regularisation raises or lowers a score."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates, rank_agreement


@dataclass(frozen=True)
class StrengthTrend(Statistic):
    """Spearman's correlation of a score with the hyper-parameter of its method.

    The mean over methods and data sets. ``models`` are the methods, by label or name; if empty, all
    that sweep one hyper-parameter. For ``reversed_models`` a larger value means weaker
    regularisation.
    """

    metric: str
    models: tuple[str, ...] = ()
    reversed_models: tuple[str, ...] = ()

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples runs within each method and data set."""
        scores = rows_of_models(trained, self.models)
        scores = scores[scores["name"] == self.metric]
        scores = scores[scores["dataset"].isin(datasets)]
        # Methods that sweep no hyper-parameter, or several, have no value.
        scores = scores[scores["value"].notna()]
        parts = []
        for (dataset, method), rows in scores.groupby(["dataset", "method"]):
            parts.append(self._trend(str(dataset), str(method), rows))
        return averaged(
            parts,
            n=scores["run"].nunique(),
            missing=absent(trained, datasets, [self.metric]),
            unit="trend",
        )

    def _trend(self, dataset: str, method: str, rows: pd.DataFrame) -> Resampled:
        # All rows are of one model.
        is_reversed = {method, rows["model"].iloc[0]} & set(self.reversed_models)
        sign = -1 if is_reversed else 1
        strength = sign * rows["value"]
        both = np.column_stack([strength, rows["result"]])
        rng = estimates.generator(dataset, method, self.metric)
        return rank_agreement.correlations(both, [(0, 1)], rng)
