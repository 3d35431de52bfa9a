"""How much better a method scores on one data set than on another."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged, resampled_means
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation import names
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates


@dataclass(frozen=True)
class DatasetGap(Statistic):
    """Mean score on the first of the claim's data sets minus that on the last.

    Of the runs of ``models``, by label or name; of all methods if empty.
    """

    metric: str
    models: tuple[str, ...] = ()

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples runs within each data set."""
        ends = [datasets[0], datasets[-1]]
        scores = rows_of_models(trained, self.models)
        scores = scores[(scores["name"] == self.metric) & scores["dataset"].isin(ends)]
        missing = absent(scores, ends, [self.metric])
        if len(datasets) < 2:
            missing.append(f"needs two data sets: there is {names.enumeration(datasets)}")
        parts = [] if missing else [self._gap(scores, ends)]
        return averaged(
            parts,
            n=scores["run"].nunique(),
            missing=missing,
            unit="difference",
        )

    def _gap(self, scores: pd.DataFrame, ends: list[str]) -> Resampled:
        """The gap [1] and its resamples [1, b]."""
        rng = estimates.generator(*ends, self.metric, *self.models)
        means, resamples = [], []
        for dataset in ends:
            here = scores["dataset"] == dataset
            results = scores.loc[here, "result"].to_numpy(dtype=float)
            means.append(results.mean())
            resamples.append(resampled_means(results, rng))
        gap = np.array([means[0] - means[1]])
        return gap, (resamples[0] - resamples[1])[None]
