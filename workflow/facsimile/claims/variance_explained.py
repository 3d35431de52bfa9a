"""How much more of a score's variance some choices explain than others."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facsimile.claims.base.scores import Resampled, absent, averaged
from facsimile.claims.base.statistic import Finding, Statistic
from facsimile.foundation import discover
from facsimile.statistics import variance_shares
from facsimile.tables.variance_explained import explained


@dataclass(frozen=True)
class VarianceExplained(Statistic):
    """Share of variance (adjusted R², variance.py) of the choices ``more`` less that of ``less``.

    Choices are objective, hyper_parameter and seed; mean over scores and data sets.
    """

    metrics: tuple[str, ...]
    more: tuple[str, ...]
    less: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part in (*self.more, *self.less):
            if part not in variance_shares.PARTS:
                raise discover.UnknownName("choice", part, list(variance_shares.PARTS))

    def find(self, trained: pd.DataFrame, datasets: list[str]) -> Finding:
        """Seeds are resampled within cells, the same for all scores of a data set."""
        own = trained[trained["dataset"].isin(datasets) & trained["name"].isin(self.metrics)]
        there = list(dict.fromkeys(zip(own["dataset"], own["name"], strict=True)))
        parts = [self._difference(own, dataset, name) for dataset, name in there]
        return averaged(
            parts, own["run"].nunique(), absent(trained, datasets, list(self.metrics)), "share"
        )

    def _difference(self, own: pd.DataFrame, dataset: str, name: str) -> Resampled:
        said = explained(own, dataset, name)
        signs = np.array(
            [(part in self.more) - (part in self.less) for part in variance_shares.PARTS],
            dtype=float,
        )
        return (signs @ said.shares)[None], (signs @ said.draws)[None]
