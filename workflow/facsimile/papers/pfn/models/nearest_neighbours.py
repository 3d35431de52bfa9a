"""Nearest neighbours, a baseline of the comparison on small tables."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

from facsimile.papers.pfn.models._baseline import FOLDS, Baseline

LABEL = "KNN"


@dataclass(frozen=True)
class NearestNeighbours(Baseline):
    """The share of class 1 among the nearest labelled rows, 1 to 5 of them."""

    trained: ClassVar[bool] = False

    def classifier(self) -> GridSearchCV:
        values = {"n_neighbors": [1, 2, 3, 4, 5]}
        return GridSearchCV(KNeighborsClassifier(), values, cv=FOLDS)
