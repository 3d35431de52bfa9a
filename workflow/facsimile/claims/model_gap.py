"""How much better one method scores than another."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged, resampled_means
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates


@dataclass(frozen=True)
class ModelGap(Statistic):
    """Mean score of ``models`` minus that of ``other_models``, by label or name.

    The mean over data sets.
    """

    metric: str
    models: tuple[str, ...]
    other_models: tuple[str, ...]

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples runs within each side and data set."""
        scores = trained[trained["name"] == self.metric]
        scores = scores[scores["dataset"].isin(datasets)]
        sides = [
            rows_of_models(scores, self.models),
            rows_of_models(scores, self.other_models),
        ]
        parts = []
        for dataset in datasets:
            gap = self._gap(dataset, sides)
            if gap is not None:
                parts.append(gap)
        n, missing = 0, []
        for side in sides:
            n += side["run"].nunique()
            missing += absent(side, datasets, [self.metric])
        return averaged(
            parts,
            n,
            # Both sides may lack the same score.
            missing=list(dict.fromkeys(missing)),
            unit="difference",
        )

    def _gap(self, dataset: str, sides: list[pd.DataFrame]) -> Resampled | None:
        """The gap [1] on one data set and its resamples [1, b]; None if a side has no scores."""
        values = []
        for side in sides:
            here = side[side["dataset"] == dataset]
            values.append(here["result"].to_numpy(dtype=float))
        first, second = values
        if not (first.size and second.size):
            return None
        rng = estimates.generator(
            dataset,
            self.metric,
            *self.models,
            *self.other_models,
        )
        # The order matters: both sides draw from one generator.
        first_means = resampled_means(first, rng)
        second_means = resampled_means(second, rng)
        gap = np.array([first.mean() - second.mean()])
        return gap, (first_means - second_means)[None]
