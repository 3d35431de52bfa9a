"""Whether stronger regularisation raises or lowers a score."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged
from facsimile.claims.base.statistic import Finding, Statistic
from facsimile.statistics import estimates, rank_agreement


@dataclass(frozen=True)
class StrengthTrend(Statistic):
    """Spearman's correlation of a score with the hyper-parameter of its method; mean over methods and data sets.

    ``models`` are the methods meant, none: all that sweep one hyper-parameter. Of ``reversed_models`` a larger value is the
    weaker regularisation.
    """

    metric: str
    models: tuple[str, ...] = ()
    reversed_models: tuple[str, ...] = ()

    def find(self, trained: pd.DataFrame, datasets: list[str]) -> Finding:
        """Runs are resampled within each method and data set."""
        own = trained[trained["name"] == self.metric]
        own = own[own["dataset"].isin(datasets) & own["value"].notna()]
        own = own[own["model"].isin(self.models)] if self.models else own
        parts = [
            self._trend(str(d), str(m), runs) for (d, m), runs in own.groupby(["dataset", "model"])
        ]
        lacking = absent(trained, datasets, [self.metric])
        return averaged(parts, own["run"].nunique(), lacking, "trend")

    def _trend(self, dataset: str, model: str, runs: pd.DataFrame) -> Resampled:
        sign = -1 if model in self.reversed_models else 1
        both = np.column_stack([sign * runs["value"], runs["result"]])
        return rank_agreement.correlations(
            both, [(0, 1)], estimates.generator(dataset, model, self.metric)
        )
