"""Classifiers that predict the values of a factor from codes, for downstream tasks."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _boosting, _linear
from facsimile.metrics.base.draws import Codes, Draws

Labels = npt.NDArray[np.int64]


class Predicted(NamedTuple):
    """Values predicted for the training points [n] and for the test points [m]."""

    train: Labels
    test: Labels


class Trees(NamedTuple):
    """Boosted trees, and the factor's value that each of their classes stands for."""

    values: Labels
    fitted: _boosting.Boosted

    @property
    def predicted(self) -> Predicted:
        """Predictions for the points that were passed when the trees were grown."""
        train = self.values[self.fitted.train]
        test = self.values[self.fitted.test]
        return Predicted(train, test)

    def predict(self, codes: Codes) -> Labels:
        """Predictions for other points, codes [m, d]."""
        return self.values[self.fitted.forest.predict(codes)]


def trees(
    train: Codes,
    labels: Labels,
    test: Codes,
    rule: _boosting.Rule,
) -> Trees:
    """Boosted trees for labels [n]; if they all have one value, that value is the prediction."""
    values, classes = np.unique(labels, return_inverse=True)
    if len(values) == 1:
        return Trees(values, _boosting.of_one_class(train, test))
    fitted = _boosting.fit(train, classes.astype(np.int64), test, rule)
    return Trees(values, fitted)


def forests(draws: Draws, rule: _boosting.Rule) -> list[Trees]:
    """Boosted trees for each factor, grown on the training points; all metrics share them."""

    def grow() -> list[Trees]:
        grown = []
        for labels in draws.train.factors.T:
            grown.append(trees(draws.train.codes, labels, draws.test.codes, rule))
        return grown

    return draws.shared(("forests", rule), grow)


def boosted(
    train: Codes,
    labels: Labels,
    test: Codes,
    convention: str,
) -> Predicted:
    """Predictions of boosted trees."""
    return trees(train, labels, test, _boosting.RULES[convention]).predicted


def logistic(
    train: Codes,
    labels: Labels,
    test: Codes,
    convention: str,
) -> Predicted:
    """Predictions of logistic regression with cross-validation.

    If all labels have one value, that value is the prediction.
    """
    if len(np.unique(labels)) == 1:
        only = labels[0]
        return Predicted(np.full(len(train), only), np.full(len(test), only))
    classifier = _linear.SEARCHES[convention](train, labels)
    return Predicted(classifier.predict(train), classifier.predict(test))
