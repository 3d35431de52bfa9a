"""The base class of the statistics of claims, and what they return."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import pandas as pd

from facsimile.statistics.estimates import Estimate


@dataclass(frozen=True, slots=True)
class StatisticResult:
    """A statistic with its interval and n (runs).

    ``missing`` says, one reason each, what was missing; with any, the claim cannot be judged.
    """

    estimate: Estimate
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statistic(ABC):
    """Base class of the statistics: a frozen dataclass per file of claims/.

    Its fields are the ``parameters`` that a study file may state; those without a default are
    required. Lists of the study file arrive as tuples.
    """

    @abstractmethod
    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Compute the statistic over ``datasets``.

        ``trained`` is scores.parquet without controls, with the columns of ``with_names``.
        Implementations use the scores that exist and report the missing ones in ``missing``.
        """
