"""Logistic regression, a baseline of the comparison on small tables."""

from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn.linear_model import LogisticRegression as Estimator
from sklearn.model_selection import GridSearchCV

from facsimile.papers.pfn.models._baseline import FOLDS, Baseline

LABEL = "Logistic regression"
STRENGTHS = [1e-5, 0.001, 0.01, 0.1, 1.0, 2.0]


@dataclass(frozen=True)
class LogisticRegression(Baseline):
    """The log-loss plus an L1, an L2 or no penalty, of six strengths."""

    trained: ClassVar[bool] = False

    def classifier(self) -> GridSearchCV:
        estimator = Estimator(solver="saga", max_iter=500, random_state=0)
        shared: dict[str, Any] = {"tol": [1e-2, 1e-4, 1e-10], "fit_intercept": [True, False]}
        first, *others = STRENGTHS
        # Of equally accurate settings the first one is kept. Without a penalty the strength has no
        # effect, so that this setting is tried with the first strength alone.
        values = [
            shared | {"C": [first], "penalty": ["l1", "l2", None]},
            shared | {"C": others, "penalty": ["l1", "l2"]},
        ]
        return GridSearchCV(estimator, values, cv=FOLDS)
