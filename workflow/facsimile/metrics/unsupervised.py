"""Unsupervised scores: how dependent codes are on one another, by covariance and by binned mutual information."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _mutual_information as information
from facsimile.metrics._conventions import DLIB, SAME
from facsimile.metrics._conventions import REFERENCE as REFEREE
from facsimile.metrics._draws import Draws

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "gaussian_total_correlation"
NEEDS = ("codes",)
REFERENCE = "Locatello et al. 2019, Challenging common assumptions, section 5.1; Watanabe 1960 (total correlation)"
CONVENTIONS = {
    DLIB: f"{REFEREE}: nats; Wasserstein correlation with and without division by the total variance; 20 bins",
    **SAME,
}
PRECISION = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    """Gaussian total correlation, Gaussian Wasserstein correlation (also over the total variance), mean mutual information.

    All are zero for independent codes and for a single one. Constant codes are independent of all others (the reference: NaN).
    """
    width = draws.train.codes.shape[1]
    covariance = np.atleast_2d(np.cov(draws.train.codes.T))
    wasserstein = wasserstein_correlation(covariance)
    shared = information.between_codes(draws)
    return {
        "gaussian_total_correlation": total_correlation(covariance),
        "gaussian_wasserstein_correlation": wasserstein,
        "gaussian_wasserstein_correlation_norm": wasserstein / max(float(np.trace(covariance)), TINY),
        "mutual_info_score": float((shared.sum() - np.trace(shared)) / max(width * (width - 1), 1)),
    }


def total_correlation(covariance: npt.NDArray[np.float64]) -> float:
    """KL divergence of a Gaussian from the product of its marginals, in nats, of a covariance [d, d].

    Codes that determine one another have an infinite one, and the reference answers the rounding of its linear algebra: 18.0 or
    inf by the library. Here an eigenvalue of the correlations counts as a double's precision at least, 18.0 nats each.
    """
    varies = np.diag(covariance) > 0
    scale = np.sqrt(np.diag(covariance)[varies])
    eigenvalues = np.linalg.eigvalsh(covariance[np.ix_(varies, varies)] / scale[:, None] / scale)
    return float(-0.5 * np.log(np.maximum(eigenvalues, PRECISION)).sum())


def wasserstein_correlation(covariance: npt.NDArray[np.float64]) -> float:
    """Squared 2-Wasserstein distance between a Gaussian and the product of its marginals.

    The reference takes the matrix square root of D C, D the variances of C; D^½ C D^½ has its eigenvalues and is symmetric.
    """
    scale = np.sqrt(np.diag(covariance))
    eigenvalues = np.linalg.eigvalsh(covariance * scale[:, None] * scale)
    return float(2 * np.trace(covariance) - 2 * np.sqrt(np.maximum(eigenvalues, 0)).sum())
