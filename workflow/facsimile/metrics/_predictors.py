"""Classifiers that predict the values of a factor from codes: what downstream tasks train."""

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
    """Boosted trees, and the values of the factor that their classes stand for."""

    values: Labels
    fitted: _boosting.Boosted

    @property
    def predicted(self) -> Predicted:
        """Values of the points that were there when the trees were grown."""
        return Predicted(self.values[self.fitted.train], self.values[self.fitted.test])

    def predict(self, codes: Codes) -> Labels:
        """Values of other points, codes [m, d]."""
        return self.values[self.fitted.forest.predict(codes)]


def trees(train: Codes, labels: Labels, test: Codes, rule: _boosting.Rule) -> Trees:
    """Boosted trees for labels [n]; of one value alone there is nothing to learn, and it is what they predict."""
    values, classes = np.unique(labels, return_inverse=True)
    if len(values) == 1:
        return Trees(values, _boosting.of_one_class(train, test))
    return Trees(values, _boosting.fit(train, classes.astype(np.int64), test, rule))


def forests(draws: Draws, rule: _boosting.Rule) -> list[Trees]:
    """Boosted trees for each factor, grown on the training draws; made once for all metrics that ask."""
    labels = draws.train.factors.T
    return draws.shared(
        ("forests", rule),
        lambda: [trees(draws.train.codes, y, draws.test.codes, rule) for y in labels],
    )


def boosted(train: Codes, labels: Labels, test: Codes, convention: str) -> Predicted:
    """What boosted trees predict."""
    return trees(train, labels, test, _boosting.RULES[convention]).predicted


def logistic(train: Codes, labels: Labels, test: Codes, convention: str) -> Predicted:
    """What logistic regression with cross-validation predicts; of one value alone, that value."""
    if len(np.unique(labels)) == 1:
        return Predicted(np.full(len(train), labels[0]), np.full(len(test), labels[0]))
    classifier = _linear.SEARCHES[convention](train, labels)
    return Predicted(classifier.predict(train), classifier.predict(test))
