"""How much more of a score's variance some choices explain than others."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.foundation import discover
from facsimile.statistics import variance_shares
from facsimile.tables.variance_explained import explained


@dataclass(frozen=True)
class VarianceExplained(Statistic):
    """Share of variance that the choices ``more`` explain minus that of the choices ``less``.

    Shares are adjusted R² (statistics/variance_shares.py); choices are objective, hyper_parameter
    and seed. The mean over scores and data sets.
    """

    metrics: tuple[str, ...]
    more: tuple[str, ...]
    less: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for choice in (*self.more, *self.less):
            if choice not in variance_shares.PARTS:
                choices = list(variance_shares.PARTS)
                raise discover.UnknownName("choice", choice, choices)

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples seeds within cells, the same seeds for all scores of a data set."""
        scores = trained[trained["dataset"].isin(datasets)]
        scores = scores[scores["name"].isin(self.metrics)]
        # Each pair once, in the order of the table.
        pairs = zip(scores["dataset"], scores["name"], strict=True)
        parts = []
        for dataset, name in dict.fromkeys(pairs):
            parts.append(self._difference(scores, dataset, name))
        return averaged(
            parts,
            n=scores["run"].nunique(),
            missing=absent(trained, datasets, list(self.metrics)),
            unit="share",
        )

    def _difference(self, scores: pd.DataFrame, dataset: str, name: str) -> Resampled:
        """The difference [1] for one score of one data set, and its resamples [1, b]."""
        shares = explained(scores, dataset, name)
        # +1 for ``more``, -1 for ``less``, 0 for choices in neither or both.
        signs = []
        for choice in variance_shares.PARTS:
            signs.append((choice in self.more) - (choice in self.less))
        weights = np.array(signs, dtype=float)
        difference = weights @ shares.shares
        resamples = weights @ shares.draws
        return difference[None], resamples[None]
