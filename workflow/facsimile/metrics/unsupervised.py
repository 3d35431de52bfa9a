"""Unsupervised scores: how dependent codes are on one another, by covariance and by binned mutual information."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import DLIB, SAME
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Draws

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "gaussian_total_correlation"
NEEDS = ("codes",)
REFERENCE = "Locatello et al. 2019, Challenging common assumptions, section 5.1; Watanabe 1960 (total correlation)"
CONVENTIONS = {
    DLIB: f"{REFEREE}: nats; Wasserstein correlation with and without division by the total variance; 20 bins",
    **SAME,
}
LABELS = {
    "gaussian_total_correlation": "Total correlation",
    "gaussian_wasserstein_correlation": "Wasserstein correlation",
    "gaussian_wasserstein_correlation_norm": "Wasserstein correlation / variance",
    "mutual_info_score": "Mutual information of codes",
}
SCORES = {
    "gaussian_total_correlation": "KL of a Gaussian of the codes' covariance from the product of its marginals, nats",
    "gaussian_wasserstein_correlation": "squared 2-Wasserstein distance of the two, squared units of the codes",
    "gaussian_wasserstein_correlation_norm": "the same over the codes' total variance, no unit, in [0, 2]",
    "mutual_info_score": "mean mutual information of two codes in 20 bins, nats, in [0, 3.0]",
}
PRECISION = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""How dependent the codes are on one another, whatever the factors: 0 for independent codes and for a single one.

    Formula: $\frac12 \big(\sum_i \log \Sigma_{ii} - \log\det\Sigma\big)$ (total correlation) and
    $2\,\mathrm{tr}\,\Sigma - 2\,\mathrm{tr}\,(D^{1/2} \Sigma D^{1/2})^{1/2}$ (Wasserstein correlation), $\Sigma$ [d, d] the
    covariance of the codes and $D$ its diagonal; $\frac{1}{d(d-1)} \sum_{i \ne j} I(\hat z_i; \hat z_j)$, $\hat z$ the codes in
    20 bins.

    Traps:
    - They do not see the factors: noise is as independent as a perfect code, and constant codes are at the top.
    - The two Gaussian scores see linear dependence alone: a code and its square have 0.000, and 0.98 nats of mutual
      information; two pairs of factors of dSprites turned by 45 degrees have a total correlation of 0.001, and 0.143
      nats instead of 0.007.
    - The Wasserstein correlation is in squared units of the codes: ten times the codes, a hundred times the score. Total
      correlation and the normalised score do not change.
    - Mutual information in bins is not 0 by chance: ten codes of noise have 0.015 nats of 10,000 points, 0.077 of 2,000, and
      0.148 of 1,000.
    - Codes that determine one another have an infinite total correlation; disentanglement_lib answers the rounding of its
      linear algebra there, 18.0 or inf by the library. Here a direction without variance counts 18.0 nats.
    - Constant codes are independent of all others here, where the reference has NaN.
    """
    width = draws.train.codes.shape[1]
    covariance = np.atleast_2d(np.cov(draws.train.codes.T))
    wasserstein = wasserstein_correlation(covariance)
    shared = information.between_codes(draws)
    return {
        "gaussian_total_correlation": total_correlation(covariance),
        "gaussian_wasserstein_correlation": wasserstein,
        "gaussian_wasserstein_correlation_norm": wasserstein
        / max(float(np.trace(covariance)), TINY),
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
    return max(0.0, float(-0.5 * np.log(np.maximum(eigenvalues, PRECISION)).sum()))


def wasserstein_correlation(covariance: npt.NDArray[np.float64]) -> float:
    """Squared 2-Wasserstein distance between a Gaussian and the product of its marginals.

    The reference takes the matrix square root of D C, D the variances of C; D^½ C D^½ has its eigenvalues and is symmetric.
    """
    scale = np.sqrt(np.diag(covariance))
    eigenvalues = np.linalg.eigvalsh(covariance * scale[:, None] * scale)
    return float(2 * np.trace(covariance) - 2 * np.sqrt(np.maximum(eigenvalues, 0)).sum())
