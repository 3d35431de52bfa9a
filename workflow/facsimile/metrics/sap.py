"""Separated attribute predictability."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _linear
from facsimile.metrics.base.conventions import DLIB, SAME
from facsimile.metrics.base.conventions import REFERENCE as DLIB_REFERENCE
from facsimile.metrics.base.draws import Draws
from facsimile.metrics.mig import gap

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "sap"
FIXED_SECONDS = 0.12
SECONDS = 0.4
NEEDS = ("codes", "factors")
REFERENCE = (
    "Kumar et al. 2018, Variational inference of disentangled latent concepts from unlabeled "
    "observations, section 3"
)
CONVENTIONS = {
    DLIB: f"{DLIB_REFERENCE}: every factor is a class label; a linear support vector machine on "
    "one code, C = 0.01, balanced",
    **SAME,
}
LABELS = {
    "sap": "SAP",
}
SCORES = {
    "sap": "mean gap of test accuracies, every factor a class label; no unit",
    "sap_continuous": "mean gap of squared correlations at the training points, every factor a "
    "number; no unit",
}
# Variance up to which a code has no correlation, as in the reference.
INACTIVE = 1e-12
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Mean over factors of the gap between the two single codes that predict it best.

    Formula: $\frac{1}{k} \sum_{j=1}^{k} \big(S_{(1)j} - S_{(2)j}\big)$, the two largest entries of
    each column of $S$ [d, k]: the test accuracy of a linear support vector machine on code $i$
    alone for factor $j$ (``sap``), or $\mathrm{Cov}(z_i, g_j)^2 / (\mathrm{Var}\,z_i
    \mathrm{Var}\,g_j)$ of the training points (``sap_continuous``, the reference's
    ``continuous_factors=True``), 0 for a code of a variance of 1e-12 or less.

    Traps:
    - A perfect code scores about 0.244 on dSprites and 0.243 on Shapes3D: a linear classifier on
      one axis cannot separate many ordered classes. ``sap_continuous`` scores 0.9996 there, and is
      the one that Kumar et al. intend for ordered factors.
    - C applies to codes without standardisation, so their scale matters: a perfect code times 0.1
      scores 0.180, times 10 as before. ``sap_continuous`` does not depend on scale.
    - The second-best code is at chance, not 0: a code of dSprites' shape alone has a gap of 0.666
      in the column of the shape, as dead codes have 0.334. The paper sets codes that do not vary to
      0, and fits thresholds for the balanced error in place of a support vector machine.
    - ``sap_continuous`` treats the index of a value as its size: with two of dSprites' shapes
      exchanged a perfect code scores 0.849; its cube scores 0.881.
    - A single code has no second one: its gap is its entry.
    """
    return {
        "sap": float(np.mean(gap(matrix(draws)))),
        "sap_continuous": float(np.mean(gap(squared_correlations(draws)))),
    }


def matrix(draws: Draws) -> Matrix:
    """Test accuracy [d, k] of predicting each factor from each code alone."""
    return draws.shared("sap", lambda: _matrix(draws))


def squared_correlations(draws: Draws) -> Matrix:
    """Squared Pearson correlation [d, k] of codes and factors at the training points.

    This is the R² of a line through one code.
    """
    width = draws.train.codes.shape[1]
    covariance = np.cov(draws.train.codes, draws.train.factors, rowvar=False, dtype=np.float64)
    # Codes come first, factors after them.
    variances = np.diag(covariance)
    code_variances, factor_variances = variances[:width], variances[width:]
    active = code_variances > INACTIVE
    scale = np.outer(np.where(active, code_variances, 1.0), factor_variances)
    squared = np.square(covariance[:width, width:])
    return np.where(active[:, None], squared / scale, 0.0)


def _matrix(draws: Draws) -> Matrix:
    codes = range(draws.train.codes.shape[1])
    factors = range(draws.train.factors.shape[1])
    accuracies = np.empty((len(codes), len(factors)))
    for code in codes:
        for factor in factors:
            accuracies[code, factor] = _accuracy(draws, code, factor)
    return accuracies


def _accuracy(draws: Draws, code: int, factor: int) -> float:
    """Test accuracy of predicting one factor from one code."""
    train_labels = draws.train.factors[:, factor]
    test_labels = draws.test.factors[:, factor]
    classifier = _linear.support_vector(draws.train.codes[:, [code]], train_labels)
    predicted = classifier.predict(draws.test.codes[:, [code]])
    return float(np.mean(predicted == test_labels))
