"""Separated attribute predictability."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _linear
from facsimile.metrics._conventions import DLIB, SAME
from facsimile.metrics._conventions import REFERENCE as REFEREE
from facsimile.metrics._draws import Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "sap"
NEEDS = ("codes", "factors")
REFERENCE = "Kumar et al. 2018, Variational inference of disentangled latent concepts from unlabeled observations, section 3"
CONVENTIONS = {
    DLIB: f"{REFEREE}: every factor is a class label; a linear support vector machine on one code, C = 0.01, balanced",
    **SAME,
}


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    """Mean over factors of the gap between the two single codes that predict it best, by test accuracy.

    A perfect code scores about 0.25 on dSprites and 0.24 on Shapes3D: a linear classifier on one axis cannot tell many ordered
    classes apart. C works on codes as they are, so their scale matters. A single code has no rival: its gap is its accuracy.
    """
    found = draws.shared("sap", lambda: matrix(draws))
    ordered = np.sort(np.vstack([found, np.zeros_like(found[:1])]) if len(found) == 1 else found, axis=0)
    return {"sap": float(np.mean(ordered[-1] - ordered[-2]))}


def matrix(draws: Draws) -> npt.NDArray[np.float64]:
    """Test accuracy [d, k] of predicting each factor from each code alone."""
    codes, factors = range(draws.train.codes.shape[1]), range(draws.train.factors.shape[1])
    return np.array([[_accuracy(draws, code, factor) for factor in factors] for code in codes])


def _accuracy(draws: Draws, code: int, factor: int) -> float:
    labels = draws.train.factors[:, factor]
    classifier = _linear.support_vector(draws.train.codes[:, [code]], labels)
    return float(np.mean(classifier.predict(draws.test.codes[:, [code]]) == draws.test.factors[:, factor]))
