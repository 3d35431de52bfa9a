"""How much less one score agrees with others than they do with each other."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import absent, averaged, wide
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.statistics import estimates, rank_agreement


@dataclass(frozen=True)
class AgreementGap(Statistic):
    """Mean Spearman correlation among ``metrics`` minus that of each of them with ``apart``.

    The mean over data sets.
    """

    metrics: tuple[str, ...]
    apart: str

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples runs within data sets, the same runs for both means."""
        metrics = [*self.metrics, self.apart]
        among = rank_agreement.pairs(len(self.metrics))
        with_apart = rank_agreement.pairs(len(self.metrics), 1)
        parts, n = [], 0
        for dataset in datasets:
            table = wide(trained, dataset, metrics)
            if table.empty:
                continue
            # One call for both kinds of pairs, so that they share the resampled runs.
            values, resamples = rank_agreement.correlations(
                table.to_numpy(dtype=float),
                [*among, *with_apart],
                estimates.generator(dataset, *metrics),
            )
            gap = _gap(values, len(among))
            gap_resamples = _gap(resamples, len(among))
            parts.append((gap, gap_resamples))
            n += len(table)
        return averaged(
            parts,
            n,
            missing=absent(trained, datasets, metrics),
            unit="difference",
        )


def _gap(correlations: estimates.Array, among: int) -> estimates.Array:
    """Mean of the first ``among`` rows minus that of the others, as one row."""
    mean_among = correlations[:among].mean(axis=0, keepdims=True)
    mean_with_apart = correlations[among:].mean(axis=0, keepdims=True)
    return np.asarray(mean_among - mean_with_apart)
