"""Mean rank correlation of scores over trained runs."""

from dataclasses import dataclass

import pandas as pd

from facsimile.claims.base.scores import absent, averaged, wide
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.statistics import estimates, rank_agreement


@dataclass(frozen=True)
class RankCorrelation(Statistic):
    """Spearman's correlation of each pair of ``metrics``, or of each with each of ``against``.

    The mean over pairs and data sets.
    """

    metrics: tuple[str, ...]
    against: tuple[str, ...] = ()

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples runs within data sets, the same runs for all pairs of a data set."""
        metrics = [*self.metrics, *self.against]
        pairs = rank_agreement.pairs(len(self.metrics), len(self.against))
        parts, n = [], 0
        for dataset in datasets:
            table = wide(trained, dataset, metrics)
            if table.empty:
                continue
            rng = estimates.generator(dataset, *metrics)
            values = table.to_numpy(dtype=float)
            parts.append(rank_agreement.correlations(values, pairs, rng))
            n += len(table)
        return averaged(
            parts,
            n,
            missing=absent(trained, datasets, metrics),
        )
