"""The highest mean score that any setting of the hyper-parameters reaches."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged, resampled_means
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates


@dataclass(frozen=True)
class BestMean(Statistic):
    """Highest mean over seeds of a score, among the settings of ``models`` (by label or name).

    The mean over data sets of the best setting of each.
    """

    metric: str
    models: tuple[str, ...]

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples runs within each setting; the best setting is chosen again in each resample."""
        scores = rows_of_models(trained, self.models)
        scores = scores[scores["name"] == self.metric]
        scores = scores[scores["dataset"].isin(datasets)]
        parts = []
        for dataset, rows in scores.groupby("dataset"):
            parts.append(self._best(str(dataset), rows))
        return averaged(
            parts,
            n=scores["run"].nunique(),
            missing=absent(scores, datasets, [self.metric]),
            unit="mean",
        )

    def _best(self, dataset: str, rows: pd.DataFrame) -> Resampled:
        """The best mean [1] on one data set and its resamples [1, b]."""
        rng = estimates.generator(dataset, self.metric, *self.models)
        means, resamples = [], []
        for _, cell in rows.groupby(["method", "params"]):
            results = cell["result"].to_numpy(dtype=float)
            means.append(results.mean())
            resamples.append(resampled_means(results, rng))
        best_of_each = np.max(resamples, axis=0)
        return np.array([max(means)]), best_of_each[None]
