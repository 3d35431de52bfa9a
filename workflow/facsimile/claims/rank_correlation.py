"""Mean rank correlation of scores over trained runs."""

from dataclasses import dataclass

import pandas as pd

from facsimile.claims.base.scores import absent, averaged, wide
from facsimile.claims.base.statistic import Finding, Statistic
from facsimile.statistics import estimates, rank_agreement


@dataclass(frozen=True)
class RankCorrelation(Statistic):
    """Spearman's correlation of every two of ``metrics``, or of each with each of ``against``; mean of pairs and data sets."""

    metrics: tuple[str, ...]
    against: tuple[str, ...] = ()

    def find(self, trained: pd.DataFrame, datasets: list[str]) -> Finding:
        """Runs are resampled within data sets, the same for all pairs of one."""
        wanted = [*self.metrics, *self.against]
        pairs = rank_agreement.pairs(len(self.metrics), len(self.against))
        parts, n = [], 0
        for dataset in datasets:
            table = wide(trained, dataset, wanted)
            if len(table):
                rng = estimates.generator(dataset, *wanted)
                parts.append(rank_agreement.correlations(table.to_numpy(dtype=float), pairs, rng))
                n += len(table)
        return averaged(parts, n, absent(trained, datasets, wanted))
