"""How much more one method knows about the target than another at the same compression."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import absent, averaged, resampled_means
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.papers.cs_ib import compression
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates

GRID = 50  # ratios at which two curves are compared


@dataclass(frozen=True)
class GapAtEqualCompression(Statistic):
    """Mean difference of two curves of the information plane, over the ratios r that both reach.

    ``metric`` is I(T;Y), ``compressed`` I(X;T); ``model`` and ``other_model`` are labels. Each
    seed is one curve, interpolated linearly in r. Ratios above ``most`` are left out; with 0, the
    runs of the smallest weight are compared. The mean over data sets.
    """

    metric: str
    compressed: str
    model: str
    other_model: str
    most: float = 1.0

    def compute(
        self,
        trained: pd.DataFrame,
        datasets: list[str],
    ) -> StatisticResult:
        """Resamples the seeds of each method."""
        chosen = rows_of_models(trained, [self.model, self.other_model])
        names = [self.metric, self.compressed]
        missing = absent(chosen, datasets, names)
        parts = []
        for dataset in datasets:
            curves = self._curves(chosen, dataset, self.model)
            other_curves = self._curves(chosen, dataset, self.other_model)
            low, high = _common(curves, other_curves)
            high = min(high, self.most)
            if low > high:
                missing.append(f"{dataset}: the two curves have no ratio in common")
                continue
            grid = np.linspace(low, high, GRID)
            first = compression.informations(curves, grid).mean(axis=1)
            second = compression.informations(other_curves, grid).mean(axis=1)
            words = (dataset, self.metric, self.model, self.other_model)
            rng = estimates.generator(*words)
            drawn = resampled_means(first, rng) - resampled_means(second, rng)
            gap = np.array([first.mean() - second.mean()])
            parts.append((gap, drawn[None]))
        has_score = chosen["name"].isin(names)
        n = chosen.loc[has_score, "run"].nunique()
        return averaged(parts, n, missing, unit="difference")

    def _curves(
        self,
        trained: pd.DataFrame,
        dataset: str,
        method: str,
    ) -> list[pd.DataFrame]:
        """One curve per seed, sorted by r."""
        names = (self.compressed, self.metric)
        return compression.curves(compression.ratios(trained, dataset, method, *names))


def _common(
    curves: list[pd.DataFrame],
    other_curves: list[pd.DataFrame],
) -> tuple[float, float]:
    """The range of r from 0 on that all curves have; empty if a side has none."""
    if not (curves and other_curves):
        return 0.0, -1.0
    ratios = [curve["r"] for curve in (*curves, *other_curves)]
    low = max(float(r.min()) for r in ratios)
    high = min(float(r.max()) for r in ratios)
    return max(0.0, low), high
