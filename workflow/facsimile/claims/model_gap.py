"""How much better one method scores than another."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged
from facsimile.claims.base.statistic import Finding, Statistic
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates
from facsimile.statistics.estimates import RESAMPLES, Array


@dataclass(frozen=True)
class ModelGap(Statistic):
    """Mean score of ``models`` less that of ``other_models``, by label or name; mean over data sets."""

    metric: str
    models: tuple[str, ...]
    other_models: tuple[str, ...]

    def find(self, trained: pd.DataFrame, datasets: list[str]) -> Finding:
        """Runs are resampled within each side and data set."""
        named = trained[(trained["name"] == self.metric) & trained["dataset"].isin(datasets)]
        sides = [rows_of_models(named, models) for models in (self.models, self.other_models)]
        parts = [gap for dataset in datasets if (gap := self._gap(dataset, sides)) is not None]
        lacking = [reason for side in sides for reason in absent(side, datasets, [self.metric])]
        return averaged(
            parts,
            sum(side["run"].nunique() for side in sides),
            list(dict.fromkeys(lacking)),
            "difference",
        )

    def _gap(self, dataset: str, sides: list[pd.DataFrame]) -> Resampled | None:
        values = [
            side.loc[side["dataset"] == dataset, "result"].to_numpy(dtype=float) for side in sides
        ]
        if not all(part.size for part in values):
            return None
        rng = estimates.generator(dataset, self.metric, *self.models, *self.other_models)
        first, second = (_means(part, rng) for part in values)
        return np.array([values[0].mean() - values[1].mean()]), (first - second)[None]


def _means(values: Array, rng: np.random.Generator) -> Array:
    """Means [b] of resamples."""
    return np.asarray(values[rng.integers(0, values.size, (RESAMPLES, values.size))].mean(axis=1))
