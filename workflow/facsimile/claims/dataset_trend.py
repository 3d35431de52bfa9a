"""Whether a score rises or falls along an order of data sets."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import absent, averaged
from facsimile.claims.base.statistic import Finding, Statistic
from facsimile.presentation.select import cell_labels, rows_of_models
from facsimile.statistics import estimates, rank_agreement


@dataclass(frozen=True)
class DatasetTrend(Statistic):
    """Spearman's correlation of a score with the place of its data set among the claim's; mean over methods.

    ``models`` are the methods meant, by label or name, none: all. Each is one sample over its hyper-parameters and seeds.
    """

    metric: str
    models: tuple[str, ...] = ()

    def find(self, trained: pd.DataFrame, datasets: list[str]) -> Finding:
        """Runs are resampled within each method."""
        own = rows_of_models(trained, self.models)
        own = own[(own["name"] == self.metric) & own["dataset"].isin(datasets)]
        parts = []
        for method, runs in own.groupby(cell_labels(own)):
            both = np.column_stack([runs["dataset"].map(datasets.index), runs["result"]]).astype(
                float
            )
            parts.append(
                rank_agreement.correlations(
                    both, [(0, 1)], estimates.generator(str(method), self.metric)
                )
            )
        return averaged(parts, own["run"].nunique(), absent(own, datasets, [self.metric]), "trend")
