"""Unsupervised scores: dependence between codes, by covariance and by binned mutual information."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import DLIB, SAME
from facsimile.metrics.base.conventions import REFERENCE as DLIB_REFERENCE
from facsimile.metrics.base.draws import Draws

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "gaussian_total_correlation"
FIXED_SECONDS = 0.012
SECONDS = 0.043
NEEDS = ("codes",)
REFERENCE = (
    "Locatello et al. 2019, Challenging common assumptions, section 5.1; Watanabe 1960 (total "
    "correlation)"
)
CONVENTIONS = {
    DLIB: f"{DLIB_REFERENCE}: nats; Wasserstein correlation with and without division by the total "
    "variance; 20 bins",
    **SAME,
}
LABELS = {
    "gaussian_total_correlation": "Total correlation",
    "gaussian_wasserstein_correlation": "Wasserstein correlation",
    "gaussian_wasserstein_correlation_norm": "Wasserstein correlation / variance",
    "mutual_info_score": "Mutual information of codes",
}
SCORES = {
    "gaussian_total_correlation": "KL of a Gaussian with the codes' covariance from the product of "
    "its marginals, nats",
    "gaussian_wasserstein_correlation": "squared 2-Wasserstein distance of the two, squared units "
    "of the codes",
    "gaussian_wasserstein_correlation_norm": "the same divided by the codes' total variance, no "
    "unit, in [0, 2]",
    "mutual_info_score": "mean mutual information of two codes in 20 bins, nats, in [0, 3.0]",
}
PRECISION = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""How strongly the codes depend on each other, whatever the factors.

    Independent codes score 0, and so does a single one.

    Formula: $\frac12 \big(\sum_i \log \Sigma_{ii} - \log\det\Sigma\big)$ (total correlation) and
    $2\,\mathrm{tr}\,\Sigma - 2\,\mathrm{tr}\,(D^{1/2} \Sigma D^{1/2})^{1/2}$ (Wasserstein
    correlation), with $\Sigma$ [d, d] the covariance of the codes and $D$ its diagonal;
    $\frac{1}{d(d-1)} \sum_{i \ne j} I(\hat z_i; \hat z_j)$, with $\hat z$ the codes in 20 bins.

    Traps:
    - They ignore the factors: noise is as independent as a perfect code, and constant codes get the
      best score.
    - The two Gaussian scores detect only linear dependence: a code and its square score 0.000, and
      0.98 nats of mutual information; two pairs of factors of dSprites rotated by 45 degrees have
      a total correlation of 0.001, and 0.143 nats in place of 0.007.
    - The Wasserstein correlation is in squared units of the codes: codes times ten have a hundred
      times the score. Total correlation and the normalised score do not change.
    - Independent codes have some mutual information by chance: ten codes of noise have 0.015 nats
      with 10,000 points, 0.077 with 2,000, and 0.148 with 1,000.
    - Codes that determine one another have an infinite total correlation; disentanglement_lib
      returns the rounding error of its linear algebra there, 18.0 or inf depending on the library.
      Here a direction without variance counts 18.0 nats.
    - Constant codes are independent of all others here, where the reference has NaN.
    """
    width = draws.train.codes.shape[1]
    covariance = np.atleast_2d(np.cov(draws.train.codes.T))
    wasserstein = wasserstein_correlation(covariance)
    variance = max(float(np.trace(covariance)), TINY)
    pairwise = information.between_codes(draws)
    between_different = pairwise.sum() - np.trace(pairwise)
    pairs = max(width * (width - 1), 1)
    return {
        "gaussian_total_correlation": total_correlation(covariance),
        "gaussian_wasserstein_correlation": wasserstein,
        "gaussian_wasserstein_correlation_norm": wasserstein / variance,
        "mutual_info_score": float(between_different / pairs),
    }


def total_correlation(covariance: npt.NDArray[np.float64]) -> float:
    """KL divergence in nats of a Gaussian with this covariance [d, d] from its marginals' product.

    It is infinite for codes that determine one another, where the reference returns the rounding
    error of its linear algebra: 18.0 or inf depending on the library. Here each eigenvalue of the
    correlation matrix is at least the precision of a double, which is 18.0 nats each.
    """
    varies = np.diag(covariance) > 0
    scale = np.sqrt(np.diag(covariance)[varies])
    correlations = covariance[np.ix_(varies, varies)] / scale[:, None] / scale
    eigenvalues = np.linalg.eigvalsh(correlations)
    logarithms = np.log(np.maximum(eigenvalues, PRECISION))
    return max(0.0, float(-0.5 * logarithms.sum()))


def wasserstein_correlation(covariance: npt.NDArray[np.float64]) -> float:
    """Squared 2-Wasserstein distance between a Gaussian and the product of its marginals.

    The reference takes the matrix square root of D C, with D the variances of C; D^½ C D^½ has the
    same eigenvalues and is symmetric.
    """
    scale = np.sqrt(np.diag(covariance))
    eigenvalues = np.linalg.eigvalsh(covariance * scale[:, None] * scale)
    roots = np.sqrt(np.maximum(eigenvalues, 0))
    return float(2 * np.trace(covariance) - 2 * roots.sum())
