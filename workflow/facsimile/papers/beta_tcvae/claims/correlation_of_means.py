"""Correlation of two scores over the values of a hyper-parameter, each a mean over seeds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged, wide
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import cell_means, estimates


@dataclass(frozen=True)
class CorrelationOfMeans(Statistic):
    """Pearson's correlation of the means of ``metric`` and ``other``, one point per cell.

    The mean over methods, given by label or name, and over data sets.
    """

    metric: str
    other: str
    models: tuple[str, ...]

    def compute(
        self,
        trained: pd.DataFrame,
        datasets: list[str],
    ) -> StatisticResult:
        """Resamples runs within each cell, both scores of a run together."""
        chosen = rows_of_models(trained, self.models)
        names = [self.metric, self.other]
        chosen = chosen[chosen["dataset"].isin(datasets)]
        chosen = chosen[chosen["name"].isin(names)]
        parts = []
        for (dataset, method), rows in chosen.groupby(["dataset", "method"]):
            parts.append(self._correlation(str(dataset), str(method), rows))
        return averaged(
            parts,
            n=chosen["run"].nunique(),
            missing=absent(chosen, datasets, names),
        )

    def _correlation(
        self,
        dataset: str,
        method: str,
        rows: pd.DataFrame,
    ) -> Resampled:
        """The correlation [1] of one method on one data set, and its resamples [1, b]."""
        table = wide(rows, dataset, [self.metric, self.other])
        params = rows.drop_duplicates("run").set_index("run")["params"]
        cells = params.loc[table.index].to_numpy(dtype=str)
        rng = estimates.generator(dataset, method, self.metric, self.other)
        both = table.to_numpy(dtype=float)
        points = cell_means.means(both, cells)
        value = cell_means.pearson_of(points)
        drawn = cell_means.resampled(both, cells, rng)
        return np.array([value]), drawn[None]
