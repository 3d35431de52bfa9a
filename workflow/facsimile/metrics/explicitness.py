"""Explicitness: whether a linear classifier can read each value of each factor."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from facsimile.metrics import _linear
from facsimile.metrics.base.conventions import CORRECTED, DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Codes, Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "explicitness_test"
NEEDS = ("codes", "factors")
REFERENCE = "Ridgeway and Mozer 2018, Learning deep disentangled embeddings with the F-statistic loss, section 3"
ONE_VS_REST = "one-vs-rest"
CONVENTIONS = {
    DLIB: f"{REFEREE}: codes standardised; one-vs-rest logistic regression by liblinear, the values' chances made to sum to 1; "
    "a value without a training or a test point is left out of the mean, where the reference stops with an error",
    DLIB_019: "the same number: scikit-learn fitted alike up to 0.21",
    MODERN: "the same with scikit-learn since 0.22: multinomial logistic regression by L-BFGS",
    CORRECTED: "as dlib, but a value that is tested without a training point counts 0.5, as nothing is known of it",
    ONE_VS_REST: "as dlib, but each value by its own classifier alone: no chance is divided by the sum over the values",
}
SECONDS = 4.0
LABELS = {
    "explicitness": "Explicitness",
    "explicitness_test": "Explicitness",
}
SCORES = {
    "explicitness_train": "mean over factors of the mean area over values, training points; 0.5 is chance",
    "explicitness_test": "mean over factors of the mean area over values, test points; 0.5 is chance",
}
CHANCE = 0.5
Labels = npt.NDArray[np.int64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Mean area under the ROC curve of telling one value of a factor from the rest by a linear classifier of all codes.

    Formula: $\frac{1}{k} \sum_{j=1}^{k} \frac{1}{n_j} \sum_{v=1}^{n_j} \mathrm{AUC}\big(p_{jv}(z), [g_j = v]\big)$, $p_{jv}$
    the chance that a logistic regression of the codes $z$ [n, d] gives to value $v$ of the $n_j$ values of factor $g_j$ [n].

    Traps:
    - 0.5 is chance, and a perfect code is not at 1: 0.918 on dSprites (2,000 training points), as no line in the codes tells a
      value that lies between two others.
    - What is called one against the rest depends on all values: the reference, and the authors' own code, divide each value's
      chance by the sum over the values before they take the area. Each classifier by itself (one-vs-rest) has 0.778 there,
      and ranks otherwise: a random network of the factors, 0.865 by the reference, has 0.810 and is above the perfect code.
    - It says nothing of disentanglement: two pairs of factors turned by 45 degrees have 0.918, a linear mix of all 0.919.
    - The version of scikit-learn moves it by up to 0.055 (mean 0.039 over 22 sets of latents): logistic regression became
      multinomial in 0.22.
    - The authors' code is another number again: C = 1e10 in place of 1, codes as they are, tested on the training points.
    - The reference stops with an error where a value is missing in the draws, unless training and test points lack equally
      many: then it compares one value's chances with another's points, and says nothing.
    - To leave out what was never seen flatters few points: a perfect code of dSprites has 0.731 of 50 training points by dlib,
      and 0.708 if what was not seen counts as chance (corrected).
    """
    train, test = areas(draws, convention).mean(axis=0)
    return {"explicitness_train": float(train), "explicitness_test": float(test)}


def areas(draws: Draws, convention: str) -> npt.NDArray[np.float64]:
    """Area under the ROC curve of each factor, on training and on test points [k, 2]."""
    codes, fit = standardised(draws), _linear.CLASSIFIERS.get(convention, _linear.logistic)
    found = draws.shared(
        ("explicitness", fit), lambda: [fit(codes[0], column) for column in draws.train.factors.T]
    )
    labels = zip(draws.train.factors.T, draws.test.factors.T, strict=True)
    return np.array(
        [
            [
                _area(classifier, part, values, convention)
                for part, values in zip(codes, both, strict=True)
            ]
            for classifier, both in zip(found, labels, strict=True)
        ]
    )


def standardised(draws: Draws) -> tuple[Codes, Codes]:
    """Training and test codes, shifted and scaled by the training draws; a constant code becomes 0 (NaN in the reference)."""
    train, test = draws.train.codes, draws.test.codes
    still = np.ptp(train, axis=0) == 0  # its mean may be off by a rounding, and its deviation not 0
    centre = np.where(still, train[0], train.mean(axis=0))
    width = np.where(still, 1, train.std(axis=0)).astype(np.float32)
    return (train - centre) / width, (test - centre) / width


def _area(classifier: Any, codes: Codes, labels: Labels, convention: str) -> float:
    """Mean area over the values that some of the points have and some have not; chance if there is none."""
    evidence = _evidence(classifier, codes, convention == ONE_VS_REST)
    seen = dict(zip(classifier.classes_.tolist(), evidence.T, strict=True))
    testable = [value for value in np.unique(labels).tolist() if not (labels == value).all()]
    found = [roc_auc_score(labels == value, seen[value]) for value in testable if value in seen]
    unseen = [CHANCE for value in testable if value not in seen and convention == CORRECTED]
    return float(np.mean(found + unseen or [CHANCE]))


def _evidence(classifier: Any, codes: Codes, apart: bool) -> npt.NDArray[np.float64]:
    """What speaks for each value [n, values]: its chance, or (``apart``) its own classifier's signed distance."""
    found: npt.NDArray[np.float64] = (
        classifier.decision_function(codes) if apart else classifier.predict_proba(codes)
    )
    return np.stack([-found, found], axis=1) if found.ndim == 1 else found
