"""Disentanglement, completeness and informativeness."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _boosting
from facsimile.metrics._conventions import DLIB
from facsimile.metrics._conventions import REFERENCE as REFEREE
from facsimile.metrics._draws import Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "disentanglement"
NEEDS = ("codes", "factors")
REFERENCE = "Eastwood and Williams 2018, A framework for the quantitative evaluation of disentangled representations, section 2"
CONVENTIONS = {
    DLIB: f"{REFEREE}: importances of gradient boosted trees, raw ones summed over trees",
    "dlib-sklearn019": "the same with scikit-learn up to 0.19: importances are normalised tree by tree, then averaged",
    "dlib-modern": "the same with scikit-learn since 1.0: residuals of all classes are taken at the stage's beginning",
}
RULES = {
    DLIB: _boosting.Rule(),
    "dlib-sklearn019": _boosting.Rule(per_tree=True),
    "dlib-modern": _boosting.Rule(sequential=False, least_impurity=float(np.finfo(np.float64).eps)),
}
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    """1 minus the entropy of importances: over factors for each code (D), over codes for each factor (C); and accuracy (I).

    The version of scikit-learn moves a published D from 0.684 to 0.868 on the same latents: compare only equal conventions.
    """
    importance, train, test = draws.shared(("boosting", convention), lambda: fits(draws, RULES[convention]))
    return {
        "disentanglement": spread(importance),
        "completeness": spread(importance.T),
        "informativeness_train": train,
        "informativeness_test": test,
    }


def fits(draws: Draws, rule: _boosting.Rule) -> tuple[Matrix, float, float]:
    """Importance [d, k] of each code for each factor, and the mean accuracies on training and test draws."""
    found = [_fit(draws, factor, rule) for factor in range(draws.train.factors.shape[1])]
    importances, train, test = zip(*found, strict=True)
    return np.stack(importances, axis=1), float(np.mean(train)), float(np.mean(test))


def spread(importance: Matrix) -> float:
    """1 - entropy of each row over its columns, in units of the largest, weighed by the row's share of all importance."""
    if importance.shape[1] == 1:
        return 1.0  # a single column cannot be shared
    shares = importance + 1e-11
    shares = shares / shares.sum(axis=1, keepdims=True)
    per_row = 1 + (shares * np.log(shares)).sum(axis=1) / np.log(importance.shape[1])
    total = importance.sum()
    weights = importance.sum(axis=1) / total if total > 0 else np.full(len(importance), 1 / len(importance))
    return float((per_row * weights).sum())


def _fit(draws: Draws, factor: int, rule: _boosting.Rule) -> tuple[Matrix, float, float]:
    values, labels = np.unique(draws.train.factors[:, factor], return_inverse=True)
    fitted = _boosting.fit(draws.train.codes, labels.astype(np.int64), draws.test.codes, rule)
    accuracy = np.mean(fitted.train == labels), np.mean(values[fitted.test] == draws.test.factors[:, factor])
    return fitted.importances, float(accuracy[0]), float(accuracy[1])
