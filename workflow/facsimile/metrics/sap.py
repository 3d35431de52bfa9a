"""Separated attribute predictability."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _linear
from facsimile.metrics.base.conventions import DLIB, SAME
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Draws
from facsimile.metrics.mig import gap

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "sap"
NEEDS = ("codes", "factors")
REFERENCE = "Kumar et al. 2018, Variational inference of disentangled latent concepts from unlabeled observations, section 3"
CONVENTIONS = {
    DLIB: f"{REFEREE}: every factor is a class label; a linear support vector machine on one code, C = 0.01, balanced",
    **SAME,
}
LABELS = {
    "sap": "SAP",
}
SCORES = {
    "sap": "mean gap of test accuracies, every factor a class label, no unit",
    "sap_continuous": "mean gap of squared correlations of the training points, every factor a number, no unit",
}
INACTIVE = 1e-12  # variance up to which a code has no correlation, as in the reference
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Mean over factors of the gap between the two single codes that predict it best.

    Formula: $\frac{1}{k} \sum_{j=1}^{k} \big(S_{(1)j} - S_{(2)j}\big)$, the two largest entries of each column of $S$ [d, k]:
    the test accuracy of a linear support vector machine on code $i$ alone for factor $j$ (``sap``), or $\mathrm{Cov}(z_i,
    g_j)^2 / (\mathrm{Var}\,z_i \mathrm{Var}\,g_j)$ of the training points (``sap_continuous``, the reference's
    ``continuous_factors=True``), 0 for a code of a variance of 1e-12 or less.

    Traps:
    - A perfect code has about 0.244 on dSprites and 0.243 on Shapes3D: a linear classifier on one axis cannot tell many ordered
      classes apart. ``sap_continuous`` has 0.9996 there, and is the one that Kumar et al. mean for ordered factors.
    - C works on codes as they are, so their scale matters: a perfect code times 0.1 has 0.180, times 10 what it had.
      ``sap_continuous`` is free of scale.
    - The runner-up is chance, not 0: a code of dSprites' shape alone has a gap of 0.666 in shape's column, as dead codes have
      0.334. The paper sets codes that do not vary to 0, and fits thresholds for the balanced error instead of a support vector
      machine.
    - ``sap_continuous`` takes the index of a value for its size: with two of dSprites' shapes exchanged a perfect code has
      0.849; its cube has 0.881.
    - A single code has no rival: its gap is its entry.
    """
    return {
        "sap": float(np.mean(gap(matrix(draws)))),
        "sap_continuous": float(np.mean(gap(squared_correlations(draws)))),
    }


def matrix(draws: Draws) -> Matrix:
    """Test accuracy [d, k] of predicting each factor from each code alone."""
    return draws.shared("sap", lambda: _matrix(draws))


def squared_correlations(draws: Draws) -> Matrix:
    """Squared Pearson correlation [d, k] of codes and factors of the training draws: R² of a line through one code."""
    width = draws.train.codes.shape[1]
    covariance = np.cov(draws.train.codes, draws.train.factors, rowvar=False, dtype=np.float64)
    variances, of_factors = np.diag(covariance)[:width], np.diag(covariance)[width:]
    active = variances > INACTIVE
    scale = np.outer(np.where(active, variances, 1.0), of_factors)
    return np.where(active[:, None], np.square(covariance[:width, width:]) / scale, 0.0)


def _matrix(draws: Draws) -> Matrix:
    codes, factors = range(draws.train.codes.shape[1]), range(draws.train.factors.shape[1])
    return np.array([[_accuracy(draws, code, factor) for factor in factors] for code in codes])


def _accuracy(draws: Draws, code: int, factor: int) -> float:
    labels = draws.train.factors[:, factor]
    classifier = _linear.support_vector(draws.train.codes[:, [code]], labels)
    return float(
        np.mean(classifier.predict(draws.test.codes[:, [code]]) == draws.test.factors[:, factor])
    )
