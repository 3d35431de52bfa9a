"""Explicitness: whether a linear classifier can read each value of each factor."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from facsimile.metrics import _linear
from facsimile.metrics._conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics._conventions import REFERENCE as REFEREE
from facsimile.metrics._draws import Codes, Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "explicitness_test"
NEEDS = ("codes", "factors")
REFERENCE = "Ridgeway and Mozer 2018, Learning deep disentangled embeddings with the F-statistic loss, section 3"
CONVENTIONS = {
    DLIB: f"{REFEREE}: codes standardised; one-vs-rest logistic regression by liblinear; area under the ROC curve, in [0, 1]",
    DLIB_019: "the same number: scikit-learn fitted alike up to 0.21",
    MODERN: "the same with scikit-learn since 0.22: multinomial logistic regression by L-BFGS",
}


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    """Mean over factors of the mean area under the ROC curve, one value of the factor against the rest; 0.5 is chance.

    Values of a factor without a training point cannot be predicted, and without a test point not be tested: they are left out
    of the mean (the reference stops with an error there).
    """
    train, test = areas(draws, convention).mean(axis=0)
    return {"explicitness_train": float(train), "explicitness_test": float(test)}


def areas(draws: Draws, convention: str) -> npt.NDArray[np.float64]:
    """Area under the ROC curve of each factor, on training and on test points [k, 2]."""
    codes = standardised(draws)
    labels = zip(draws.train.factors.T, draws.test.factors.T, strict=True)
    return np.array([_areas(codes, train, test, convention) for train, test in labels])


def standardised(draws: Draws) -> tuple[Codes, Codes]:
    """Training and test codes, shifted and scaled by the training draws; a constant code becomes 0 (NaN in the reference)."""
    train, test = draws.train.codes, draws.test.codes
    centre, width = train.mean(axis=0), train.std(axis=0)
    width[width == 0] = 1
    return (train - centre) / width, (test - centre) / width


def _areas(
    codes: tuple[Codes, Codes], train: npt.NDArray[np.int64], test: npt.NDArray[np.int64], convention: str
) -> tuple[float, float]:
    present = np.unique(train)
    classifier = _linear.CLASSIFIERS[convention](codes[0], train)
    first, second = (_area(classifier, c, labels, present) for c, labels in zip(codes, (train, test), strict=True))
    return first, second


def _area(classifier, codes: Codes, labels: npt.NDArray[np.int64], classes: npt.NDArray[np.int64]) -> float:  # type: ignore[no-untyped-def]
    chances = classifier.predict_proba(codes)
    testable = [i for i, value in enumerate(classes) if 0 < np.count_nonzero(labels == value) < len(labels)]
    if not testable:
        return 0.5
    return float(np.mean([roc_auc_score(labels == classes[i], chances[:, i]) for i in testable]))
