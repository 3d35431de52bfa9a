"""How often a model that one score picks beats a random one, here or elsewhere."""

from dataclasses import dataclass

import pandas as pd

from facsimile.claims.base.scores import absent
from facsimile.claims.base.statistic import Finding, Statistic
from facsimile.presentation import names
from facsimile.presentation.select import directed
from facsimile.statistics.model_choice import Case
from facsimile.tables.model_selection import chosen


@dataclass(frozen=True)
class ModelSelection(Statistic):
    """Probability (transfer.py), 0.5 being chance; ``model`` restricts the choice to the hyper-parameters of one method."""

    metrics: tuple[str, ...]
    same_metric: bool
    same_dataset: bool
    model: str = ""

    def find(self, trained: pd.DataFrame, datasets: list[str]) -> Finding:
        """Seeds are resampled."""
        means = trained[trained["dataset"].isin(datasets)]
        own = directed(means[means["name"].isin(self.metrics)])
        there = [d for d in datasets if d in set(own["dataset"])]
        lacking = absent(trained, datasets, list(self.metrics))
        if len(there) < 2 and not self.same_dataset:
            lacking.append(
                f"needs two data sets: there is {names.listed([names.dataset(d) for d in there]) or 'none'}"
            )
        if own["seed"].nunique() < 2:
            lacking.append("needs two seeds: a choice is put to the test with another")
        case = Case(self.same_metric, self.same_dataset)
        return Finding(chosen(own, there, list(self.metrics), case, self.model), tuple(lacking))
