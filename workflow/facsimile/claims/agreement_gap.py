"""How much less one score agrees with others than they do with each other."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import absent, averaged, wide
from facsimile.claims.base.statistic import Finding, Statistic
from facsimile.statistics import estimates, rank_agreement


@dataclass(frozen=True)
class AgreementGap(Statistic):
    """Mean Spearman correlation among ``metrics`` less that of each of them with ``apart``; mean over data sets."""

    metrics: tuple[str, ...]
    apart: str

    def find(self, trained: pd.DataFrame, datasets: list[str]) -> Finding:
        """Runs are resampled within data sets, the same for both means."""
        wanted = [*self.metrics, self.apart]
        among, between = (
            rank_agreement.pairs(len(self.metrics)),
            rank_agreement.pairs(len(self.metrics), 1),
        )
        parts, n = [], 0
        for dataset in datasets:
            table = wide(trained, dataset, wanted)
            if len(table):
                rng = estimates.generator(dataset, *wanted)
                found = rank_agreement.correlations(
                    table.to_numpy(dtype=float), [*among, *between], rng
                )
                parts.append((_gap(found[0], len(among)), _gap(found[1], len(among))))
                n += len(table)
        return averaged(parts, n, absent(trained, datasets, wanted), "difference")


def _gap(found: estimates.Array, among: int) -> estimates.Array:
    """Mean of the first ``among`` rows less that of the others, as one row."""
    return np.asarray(
        found[:among].mean(axis=0, keepdims=True) - found[among:].mean(axis=0, keepdims=True)
    )
