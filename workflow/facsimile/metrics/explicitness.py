"""Explicitness: whether a linear classifier can read each value of each factor."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from facsimile.metrics import _linear
from facsimile.metrics.base.conventions import CORRECTED, DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as DLIB_REFERENCE
from facsimile.metrics.base.draws import Codes, Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "explicitness_test"
NEEDS = ("codes", "factors")
REFERENCE = (
    "Ridgeway and Mozer 2018, Learning deep disentangled embeddings with the F-statistic loss, "
    "section 3"
)
ONE_VS_REST = "one-vs-rest"
CONVENTIONS = {
    DLIB: f"{DLIB_REFERENCE}: codes standardised; one-vs-rest logistic regression by liblinear, "
    "the probabilities of the values normalised to sum to 1; a value without a training or a test "
    "point is left out of the mean, where the reference stops with an error",
    DLIB_019: "the same number: scikit-learn fitted the same models up to 0.21",
    MODERN: "the same with scikit-learn since 0.22: multinomial logistic regression by L-BFGS",
    CORRECTED: "as dlib, but a value that is tested without a training point counts 0.5, as "
    "nothing is known of it",
    ONE_VS_REST: "as dlib, but each value by its own classifier alone: probabilities are not "
    "divided by their sum over the values",
}
FIXED_SECONDS = 0.37
SECONDS = 1.1
LABELS = {
    "explicitness": "Explicitness",
    "explicitness_test": "Explicitness",
}
SCORES = {
    "explicitness_train": "mean over factors of the mean area over values, training points; "
    "0.5 is chance",
    "explicitness_test": "mean over factors of the mean area over values, test points; "
    "0.5 is chance",
}
CHANCE = 0.5
Labels = npt.NDArray[np.int64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Mean area under the ROC curve of linear classifiers, each of one value against the others.

    Formula: $\frac{1}{k} \sum_{j=1}^{k} \frac{1}{n_j} \sum_{v=1}^{n_j}
    \mathrm{AUC}\big(p_{jv}(z), [g_j = v]\big)$, with $p_{jv}$ the probability that a logistic
    regression on the codes $z$ [n, d] gives to value $v$ of the $n_j$ values of factor $g_j$ [n].

    Traps:
    - 0.5 is chance, and a perfect code does not reach 1: it scores 0.918 on dSprites (2,000
      training points), because no linear function of the codes separates a value that lies between
      two others.
    - Although it is called one-vs-rest, the score of a value depends on all values: the reference,
      and the authors' own code, divide each probability by the sum over the values before they
      compute the area. Each classifier by itself (one-vs-rest) scores 0.778 there, and ranks
      differently: a random network of the factors, 0.865 by the reference, scores 0.810 and is
      above the perfect code.
    - It does not measure disentanglement: two pairs of factors rotated by 45 degrees score 0.918, a
      linear mixture of all factors 0.919.
    - The version of scikit-learn changes it by up to 0.055 (mean 0.039 over 22 sets of latents):
      logistic regression became multinomial in 0.22.
    - The authors' code gives yet another number: C = 1e10 in place of 1, codes without
      standardisation, tested on the training points.
    - On a small full grid most test points are training points, since both are drawn with
      replacement: six latents of noise on 360 rows score 0.590, and 0.513 if the rows are split
      (``sampling="disjoint"``).
    - The reference stops with an error if a value is missing in the draws, unless training and test
      points lack the same number of values: then it silently compares one value's probabilities
      with another value's points.
    - Leaving out values that are not in the training points flatters small samples: a perfect code
      of dSprites scores 0.731 with 50 training points by dlib, and 0.708 if those values count as
      chance (corrected).
    """
    train, test = areas(draws, convention).mean(axis=0)
    return {"explicitness_train": float(train), "explicitness_test": float(test)}


def areas(draws: Draws, convention: str) -> npt.NDArray[np.float64]:
    """Area under the ROC curve of each factor, on training and on test points [k, 2]."""
    train_codes, test_codes = standardised(draws)
    train_factors, test_factors = draws.train.factors.T, draws.test.factors.T
    fit = _linear.CLASSIFIERS.get(convention, _linear.logistic)
    classifiers = draws.shared(
        ("explicitness", fit),
        lambda: [fit(train_codes, labels) for labels in train_factors],
    )
    rows = []
    for j, classifier in enumerate(classifiers):
        train = _area(classifier, train_codes, train_factors[j], convention)
        test = _area(classifier, test_codes, test_factors[j], convention)
        rows.append([train, test])
    return np.array(rows)


def standardised(draws: Draws) -> tuple[Codes, Codes]:
    """Training and test codes, shifted and scaled by the training points.

    A constant code becomes 0, where the reference has NaN.
    """
    train, test = draws.train.codes, draws.test.codes
    # A constant code needs care: rounding may move its mean, and then its deviation is not 0.
    constant = np.ptp(train, axis=0) == 0
    centre = np.where(constant, train[0], train.mean(axis=0))
    width = np.where(constant, 1, train.std(axis=0)).astype(np.float32)
    return (train - centre) / width, (test - centre) / width


def _area(
    classifier: Any,
    codes: Codes,
    labels: Labels,
    convention: str,
) -> float:
    """Mean area over the values that some but not all points have; chance if there is none."""
    evidence = _evidence(classifier, codes, separate=convention == ONE_VS_REST)
    columns = dict(zip(classifier.classes_.tolist(), evidence.T, strict=True))
    per_value, without_training = [], []
    for value in np.unique(labels).tolist():
        positive = labels == value
        if positive.all():
            continue  # a ROC curve needs points without the value as well
        if value in columns:
            per_value.append(roc_auc_score(positive, columns[value]))
        elif convention == CORRECTED:
            without_training.append(CHANCE)
    return float(np.mean(per_value + without_training or [CHANCE]))


def _evidence(
    classifier: Any,
    codes: Codes,
    separate: bool,
) -> npt.NDArray[np.float64]:
    """Evidence for each value [n, values].

    This is the probability of the value or, if ``separate``, the signed distance of its own
    classifier.
    """
    method = classifier.decision_function if separate else classifier.predict_proba
    evidence: npt.NDArray[np.float64] = method(codes)
    if evidence.ndim == 1:  # of two values, scikit-learn returns the distance of the second only
        return np.stack([-evidence, evidence], axis=1)
    return evidence
