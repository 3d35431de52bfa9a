"""The mean of a score over the runs that are good by another score."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import absent, averaged, resampled_means, wide
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates


@dataclass(frozen=True)
class MeanOfHigh(Statistic):
    """Mean of ``metric`` over the runs of ``models`` whose ``other`` score is at least ``level``.

    ``models`` are given by label or name. The mean over data sets; n counts the runs that reach the
    level. Data sets on which no run reaches it are missing.
    """

    metric: str
    other: str
    level: float
    models: tuple[str, ...]

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples the runs that reach the level, within data sets."""
        scores = rows_of_models(trained, self.models)
        missing = absent(scores, datasets, [self.metric, self.other])
        parts, n = [], 0
        for dataset in datasets:
            both = wide(scores, dataset, [self.metric, self.other])
            if both.empty:
                continue
            is_high = both[self.other] >= self.level
            results = both.loc[is_high, self.metric].to_numpy(dtype=float)
            if not results.size:
                highest = both[self.other].max()
                missing.append(f"no run reaches {self.level:g}: the highest has {highest:.4g}")
                continue
            rng = estimates.generator(dataset, self.metric, self.other)
            resamples = resampled_means(results, rng)
            parts.append((np.array([results.mean()]), resamples[None]))
            n += results.size
        return averaged(parts, n, missing, unit="mean")
