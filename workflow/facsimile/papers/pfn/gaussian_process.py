"""Gaussian processes with a squared-exponential kernel: draws and exact predictive distributions.

Inputs are uniform on [0, upper] in each feature. Observations are y = f(x) + e, with e ~ N(0, noise
variance) and a function f whose covariance is variance · exp(-|x - x'|² / (2 length²)). All
functions take any number of leading dimensions, which are independent sets of points.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Prior(NamedTuple):
    """A Gaussian process with known hyper-parameters.

    Attributes:
        length: length scale of the kernel, the same for all features.
        variance: variance of the function.
        noise: variance of the noise.
        upper: upper end of the inputs.
    """

    length: float
    variance: float
    noise: float
    upper: float

    @property
    def scale(self) -> float:
        """Standard deviation of a single observation."""
        return float(np.sqrt(self.variance + self.noise))


class Predictive(NamedTuple):
    """Distributions of noisy observations at m queries, each after 0, 1, …, n points.

    Attributes:
        mean: means [..., n + 1, m].
        variance: variances [..., n + 1, m].
    """

    mean: Floats
    variance: Floats


def covariance(
    x: Floats,
    other: Floats,
    prior: Prior,
) -> Floats:
    """Return the covariance [..., n, m] of values at inputs [..., n, d] and [..., m, d]."""
    # Expanding the square would lose the digits that a small noise needs.
    distances = np.zeros((*x.shape[:-1], other.shape[-2]))
    for feature in range(x.shape[-1]):
        difference = x[..., :, None, feature] - other[..., None, :, feature]
        distances += difference**2
    return np.asarray(prior.variance * np.exp(-distances / (2 * prior.length**2)))


def of_observations(
    x: Floats,
    prior: Prior,
) -> Floats:
    """Return the covariance [..., n, n] of observations at inputs [..., n, d]."""
    return covariance(x, x, prior) + prior.noise * np.eye(x.shape[-2])


def draw(
    x: Floats,
    normals: Floats,
    prior: Prior,
) -> Floats:
    """Return observations [..., n] of one function per set, from standard normals [..., n]."""
    root = np.linalg.cholesky(of_observations(x, prior))
    return np.asarray((root @ normals[..., None])[..., 0])


def predictive(
    x: Floats,
    y: Floats,
    query: Floats,
    prior: Prior,
) -> Predictive:
    """Return the distribution of an observation at each query, after any number of points.

    With K = L Lᵀ, the covariance of all observations, the first rows and columns of L are the root
    for the first points. So the products of L⁻¹k and L⁻¹y, summed over the first points, are the
    mean kᵀK⁻¹y of these (Rasmussen and Williams 2006, "Gaussian processes for machine learning",
    algorithm 2.1), and likewise the variance.

    Args:
        x: inputs of the observations [..., n, d], in the order in which they are observed.
        y: observations [..., n].
        query: inputs [..., m, d].
        prior: the Gaussian process.
    """
    root = np.linalg.cholesky(of_observations(x, prior))
    crossed = covariance(x, query, prior)
    both = np.concatenate([crossed, y[..., None]], -1)
    solved = np.linalg.solve(root, both)
    to_query, to_y = solved[..., :-1], solved[..., -1:]
    nothing = np.zeros_like(to_query[..., :1, :])
    means = np.concatenate([nothing, to_query * to_y], -2).cumsum(-2)
    explained = np.concatenate([nothing, to_query**2], -2).cumsum(-2)
    return Predictive(means, prior.variance + prior.noise - explained)
