"""How often a model chosen by one score beats a random one, on the same task or another."""

from dataclasses import dataclass

import pandas as pd

from facsimile.claims.base.scores import absent
from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.presentation import names
from facsimile.presentation.select import directed, rows_of_models
from facsimile.statistics.model_choice import Case
from facsimile.tables.model_selection import chosen


@dataclass(frozen=True)
class ModelSelection(Statistic):
    """Probability (statistics/model_choice.py) that the choice beats a random one; chance is 0.5.

    The choice is tested on the same score or another, and on the same data set or another.
    ``model``, a name or label, restricts the choice to the hyper-parameters of one method.
    """

    metrics: tuple[str, ...]
    same_metric: bool
    same_dataset: bool
    model: str = ""

    def compute(self, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
        """Resamples seeds."""
        here = trained[trained["dataset"].isin(datasets)]
        here = here[here["name"].isin(self.metrics)]
        # With the sign of scores turned where lower is better.
        scores = directed(here)
        with_scores = set(scores["dataset"])
        available = [dataset for dataset in datasets if dataset in with_scores]
        missing = absent(trained, datasets, list(self.metrics))
        if len(available) < 2 and not self.same_dataset:
            shown = [names.dataset(dataset) for dataset in available]
            missing.append(f"needs two data sets: there is {names.enumeration(shown) or 'none'}")
        if scores["seed"].nunique() < 2:
            missing.append("needs two seeds: a choice is put to the test with another")
        candidates = rows_of_models(scores, [self.model] if self.model else [])
        estimate = chosen(
            candidates,
            available,
            list(self.metrics),
            Case(self.same_metric, self.same_dataset),
            self.model,
        )
        return StatisticResult(estimate, tuple(missing))
