"""Whether a score rises or falls along an order of data sets."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import absent, averaged
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates, rank_agreement


@dataclass(frozen=True)
class DatasetTrend(Statistic):
    """Spearman's correlation of a score with the position of its data set among the claim's.

    The mean over methods; each is one sample over its hyper-parameters and seeds. ``models`` are
    the methods, by label or name; all methods if empty.
    """

    metric: str
    models: tuple[str, ...] = ()

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples runs within each method."""
        scores = rows_of_models(trained, self.models)
        scores = scores[scores["name"] == self.metric]
        scores = scores[scores["dataset"].isin(datasets)]
        parts = []
        for method, rows in scores.groupby("method"):
            positions = rows["dataset"].map(datasets.index)
            both = np.column_stack([positions, rows["result"]])
            rng = estimates.generator(str(method), self.metric)
            trend = rank_agreement.correlations(both.astype(float), [(0, 1)], rng)
            parts.append(trend)
        return averaged(
            parts,
            n=scores["run"].nunique(),
            missing=absent(scores, datasets, [self.metric]),
            unit="trend",
        )
