"""How much larger one score of the same runs is than another."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import absent, wide
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates


@dataclass(frozen=True)
class ScoreGap(Statistic):
    """Mean of ``metric`` minus ``other`` over the runs of ``models``, by label or name."""

    metric: str
    other: str
    models: tuple[str, ...]

    def compute(
        self,
        trained: pd.DataFrame,
        datasets: list[str],
    ) -> StatisticResult:
        """Resamples runs, both scores of a run together."""
        names = [self.metric, self.other]
        chosen = rows_of_models(trained, self.models)
        gaps: list[float] = []
        # A scale may have none of the claim's data sets.
        for dataset in datasets:
            both = wide(chosen, dataset, names)
            differences = both[self.metric] - both[self.other]
            gaps += differences.tolist()
        rng = estimates.generator(*datasets, *names, *self.models)
        gap = estimates.estimate(np.array(gaps, dtype=float), rng)
        missing = absent(chosen, datasets, names)
        return StatisticResult(gap, tuple(missing))
