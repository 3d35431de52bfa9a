"""Gradient boosting of scikit-learn, beside the baselines of the comparison on small tables."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import GridSearchCV

from facsimile.papers.pfn.models._baseline import FOLDS, Baseline

LABEL = "Gradient boosting"


@dataclass(frozen=True)
class GradientBoosting(Baseline):
    """The log-loss by 100 trees, each fitted to the gradient.

    The paper has XGBoost and CatBoost. The values that are tried are those of its XGBoost, as far
    as scikit-learn has them.
    """

    trained: ClassVar[bool] = False

    def classifier(self) -> GridSearchCV:
        estimator = GradientBoostingClassifier(n_estimators=100, max_features=0.8, random_state=0)
        values = {
            "learning_rate": [0.02, 0.2],
            "subsample": [0.5, 0.8],
            "max_depth": [1, 2],
        }
        return GridSearchCV(estimator, values, cv=FOLDS)
