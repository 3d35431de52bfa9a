"""How much more one method knows about the target than another at the same compression."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import absent, averaged, resampled_means
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.papers.cs_ib.claims import _compression
from facsimile.presentation.select import rows_of_models
from facsimile.statistics import estimates
from facsimile.statistics.estimates import Array

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
            sides = [self._curves(chosen, dataset, name) for name in (self.model, self.other_model)]
            low, high = _common(sides)
            high = min(high, self.most)
            if not all(sides) or low > high:
                missing.append(f"{dataset}: the two curves have no ratio in common")
                continue
            grid = np.linspace(low, high, GRID)
            first, second = (_means(curves, grid) for curves in sides)
            rng = estimates.generator(dataset, self.metric, self.model, self.other_model)
            drawn = resampled_means(first, rng) - resampled_means(second, rng)
            parts.append((np.array([first.mean() - second.mean()]), drawn[None]))
        n = chosen[chosen["name"].isin(names)]["run"].nunique()
        return averaged(parts, n, missing, unit="difference")

    def _curves(
        self,
        trained: pd.DataFrame,
        dataset: str,
        method: str,
    ) -> list[pd.DataFrame]:
        """One curve per seed, sorted by r."""
        runs = _compression.ratios(trained, dataset, method, self.compressed, self.metric)
        return [curve.sort_values("r") for _, curve in runs.groupby("seed")]


def _common(sides: list[list[pd.DataFrame]]) -> tuple[float, float]:
    """The range of r from 0 on that all curves have; empty if there are none."""
    curves = [curve for side in sides for curve in side]
    if not curves:
        return 0.0, -1.0
    low = max(0.0, *(float(curve["r"].min()) for curve in curves))
    high = min(float(curve["r"].max()) for curve in curves)
    return low, high


def _means(
    curves: list[pd.DataFrame],
    grid: Array,
) -> Array:
    """The mean of each curve [seeds] over a grid of r."""
    means = []
    for curve in curves:
        r = curve["r"].to_numpy(dtype=float)
        information = curve["information"].to_numpy(dtype=float)
        means.append(float(np.interp(grid, r, information).mean()))
    return np.array(means)
