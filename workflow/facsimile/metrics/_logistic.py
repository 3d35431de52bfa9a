"""Logistic regression as the versions of sklearn's LogisticRegression() with default arguments fitted it."""

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from facsimile.metrics import _conventions as conventions

Array = npt.NDArray[np.float64]


class Classifier(NamedTuple):
    """Classes found [K] and one score a class: weights [K, d], intercepts [K]."""

    classes: npt.NDArray[np.int64]
    weights: Array
    intercepts: Array
    multinomial: bool

    def probabilities(self, points: npt.NDArray[np.floating]) -> Array:
        """Of each class [n, K]: softmax, or the one-vs-rest probabilities divided by their sum."""
        scores = points @ self.weights.T + self.intercepts
        if self.multinomial:
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        else:
            scores = 1 / (1 + np.exp(-np.clip(scores, -700, 700)))  # beyond 700 exp overflows and the answer is 0 or 1
        return scores / scores.sum(axis=1, keepdims=True)

    def predict(self, points: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        """The class of the highest score [n]."""
        return self.classes[(points @ self.weights.T + self.intercepts).argmax(axis=1)]


def fit(points: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], convention: str) -> Classifier:
    """Fit points [n, d] to labels [n] of two classes or more, L2 penalty with C = 1.

    Up to 0.21 the default was liblinear: one class against the rest, and the intercept regularised like a weight. Since 0.22 it
    is multinomial, lbfgs, 100 iterations at most, the intercept free (convention ``dlib-modern``).
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(f"logistic regression needs two classes; all {len(labels)} labels are {classes.tolist()}")
    if convention == conventions.MODERN and len(classes) > 2:
        return _multinomial(points, labels, classes)
    return _one_vs_rest(points, labels, classes, "lbfgs" if convention == conventions.MODERN else "liblinear")


def _multinomial(points: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], classes: npt.NDArray[np.int64]) -> Classifier:
    model = _fitted(points, labels, "lbfgs")
    return Classifier(classes, model.coef_, model.intercept_, True)


def _one_vs_rest(
    points: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], classes: npt.NDArray[np.int64], solver: str
) -> Classifier:
    if len(classes) == 2:  # one fit serves both classes: their scores are opposite
        model = _fitted(points, labels, solver)
        return Classifier(classes, np.vstack((-model.coef_, model.coef_)), np.r_[-model.intercept_, model.intercept_], False)
    models = [_fitted(points, labels == value, solver) for value in classes]
    return Classifier(classes, np.vstack([m.coef_ for m in models]), np.concatenate([m.intercept_ for m in models]), False)


def _fitted(points: npt.NDArray[np.floating], labels: npt.NDArray[np.generic], solver: str) -> LogisticRegression:
    with warnings.catch_warnings():
        # Where 100 iterations are not enough, the published number is that of the hundredth.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=1.0, solver=solver, intercept_scaling=1.0, tol=1e-4, max_iter=100).fit(points, labels)
