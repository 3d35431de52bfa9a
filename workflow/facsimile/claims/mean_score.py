"""The mean of a score over the runs of some models, or over those with one hyper-parameter."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged, resampled_means
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates


@dataclass(frozen=True)
class MeanScore(Statistic):
    """Mean of ``metric`` over the runs of ``models``, by label or name; the mean over data sets.

    With ``value``, only runs whose swept hyper-parameter has this value. With
    ``per_model``, each model counts once, with the mean over its seeds.
    """

    metric: str
    models: tuple[str, ...]
    value: float | None = None
    per_model: bool = False

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples runs, or models, within data sets."""
        scores = rows_of_models(trained, self.models)
        scores = scores[scores["name"] == self.metric]
        scores = scores[scores["dataset"].isin(datasets)]
        if self.value is not None:
            scores = scores[scores["value"] == self.value]
        if self.per_model:
            scores = _one_per_model(scores)
        parts = []
        for dataset, rows in scores.groupby("dataset"):
            parts.append(self._mean(str(dataset), rows))
        return averaged(
            parts,
            n=scores["run"].nunique(),
            missing=absent(scores, datasets, [self.metric]),
            unit="mean",
        )

    def _mean(self, dataset: str, rows: pd.DataFrame) -> Resampled:
        """The mean [1] on one data set and its resamples [1, b]."""
        rng = estimates.generator(
            dataset,
            self.metric,
            *self.models,
            str(self.value),
        )
        results = rows["result"].to_numpy(dtype=float)
        resamples = resampled_means(results, rng)
        return np.array([results.mean()]), resamples[None]


def _one_per_model(scores: pd.DataFrame) -> pd.DataFrame:
    """The mean over seeds, in the first run of each model."""
    cells = scores.groupby(["dataset", "method", "params", "name"])
    means = cells["result"].transform("mean")
    return scores.assign(result=means)[cells.cumcount() == 0]
