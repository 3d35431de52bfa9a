"""What a statistic of claims is, and what it finds."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import pandas as pd

from facsimile.statistics.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Finding:
    """A statistic with its interval and n (runs), and what it lacked: of each claim that cannot be judged it says why."""

    estimate: Estimate
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statistic(ABC):
    """One file of claims/ is one subclass: a frozen dataclass whose fields are the ``parameters`` that a study file may give.

    Fields without a default must be given; lists of the study file arrive as tuples.
    """

    @abstractmethod
    def find(self, trained: pd.DataFrame, datasets: list[str]) -> Finding:
        """The statistic over ``datasets``; ``trained`` is scores.parquet of trained runs with a column ``name``, metric.score.

        Works on what there is, and says in ``lacking`` what is not.
        """
