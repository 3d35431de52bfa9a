"""Logistic regression, a baseline of the comparison on small tables."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn.linear_model import LogisticRegression as Estimator
from sklearn.model_selection import GridSearchCV

from facsimile.papers.pfn.models._baseline import FOLDS, Baseline

LABEL = "Logistic regression"
STRENGTHS = [1e-5, 0.001, 0.01, 0.1, 1.0, 2.0]
TOLERANCES = [1e-2, 1e-4, 1e-10]


@dataclass(frozen=True)
class LogisticRegression(Baseline):
    """The log-loss plus an L1, an L2 or no penalty, of six strengths."""

    trained: ClassVar[bool] = False

    def classifier(self) -> GridSearchCV:
        # As l1_ratio 1 and 0, the penalties L1 and L2 are known to old and new scikit-learn.
        estimator = Estimator(
            penalty="elasticnet",
            solver="saga",
            max_iter=500,
            random_state=0,
        )
        first, *others = STRENGTHS
        penalties = [1.0, 0.0]
        # Of equally accurate settings the first one is kept, so that their order is that of the
        # released code. Without a penalty, C = ∞, it tries six strengths, which have no effect.
        values: list[dict[str, Any]] = []
        for intercept in (True, False):
            of_all: dict[str, Any] = {"fit_intercept": [intercept], "tol": TOLERANCES}
            values.append(of_all | {"C": [first], "l1_ratio": penalties})
            values.append(of_all | {"C": [math.inf], "l1_ratio": [0.0]})
        remaining = {"C": others, "fit_intercept": [True, False], "l1_ratio": penalties}
        values.append(remaining | {"tol": TOLERANCES})
        return GridSearchCV(estimator, values, cv=FOLDS)
