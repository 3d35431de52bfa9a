"""The Fréchet distance of two Gaussians, and that of two samples with the moments of Gaussians."""

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def of_gaussians(
    mean: Matrix,
    covariance: Matrix,
    other_mean: Matrix,
    other_covariance: Matrix,
) -> float:
    """Squared Fréchet distance of N(mean, covariance) and another Gaussian, of means [d].

    Dowson and Landau 1982, "The Fréchet distance between multivariate normal distributions", eq. 4:
    |m - m'|² + Tr(C + C' - 2 (C C')^½). The trace of the root of C C' is that of the symmetric
    matrix C^½ C' C^½, whose eigenvalues are real also where C is singular.
    """
    root = _root(covariance)
    product = root @ other_covariance @ root
    eigenvalues = np.linalg.eigvalsh(product)
    # Rounding makes eigenvalues that are 0 negative.
    overlap = np.sqrt(np.maximum(eigenvalues, 0)).sum()
    shift = np.square(mean - other_mean).sum()
    spread = np.trace(covariance) + np.trace(other_covariance) - 2 * overlap
    return max(0.0, float(shift + spread))


def of_samples(first: Matrix, second: Matrix) -> float:
    """Squared Fréchet distance of the Gaussians with the moments of two samples, [n, d] and [m, d].

    Covariances are divided by n, so that a sample repeated twice has the same.
    """
    return of_gaussians(*_moments(first), *_moments(second))


def _moments(sample: Matrix) -> tuple[Matrix, Matrix]:
    mean = sample.mean(axis=0)
    centred = sample - mean
    return mean, centred.T @ centred / len(sample)


def _root(covariance: Matrix) -> Matrix:
    """The symmetric square root of a positive semi-definite matrix."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    scales = np.sqrt(np.maximum(eigenvalues, 0))
    return (vectors * scales) @ vectors.T
