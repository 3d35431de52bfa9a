"""Gaussian processes with priors of their hyper-parameters: draws and predictive distributions.

Length scale, variance of the function and variance of the noise have gamma distributions. The
kernel is Matérn's with ν = 5/2. Given the hyper-parameters, an observation has a Gaussian
predictive distribution; its posterior over the three of them is integrated on a grid of their
logarithms, by the trapezoidal rule, which converges fast where an integrand is smooth and vanishes
at both ends. Every predictive distribution is thus a mixture of Gaussians.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

TAIL = 1e-5  # probability of each hyper-parameter beyond each end of the grid
SPACINGS = (0.2, 0.4, 0.4)  # of the grid, in logarithms of length, variance and noise
DROPPED = 1e-9  # weights below this fraction of the largest are left out
MERGED = 0.1  # standard deviations by which components differ that are merged


class Gamma(NamedTuple):
    """A gamma distribution, with density proportional to x^(shape - 1) exp(-rate x)."""

    shape: float
    rate: float

    @property
    def mean(self) -> float:
        """Mean of the distribution."""
        return self.shape / self.rate

    def quantile(self, probability: Floats | float) -> Floats:
        """Return quantiles, elementwise."""
        return np.asarray(special.gammaincinv(self.shape, probability) / self.rate)

    def log_density(self, logarithm: Floats) -> Floats:
        """Return the log-density of the logarithm of the variable, up to a constant."""
        return np.asarray(self.shape * logarithm - self.rate * np.exp(logarithm))

    def grid(self, spacing: float) -> Floats:
        """Return logarithms of the variable, evenly spaced, that leave out ``TAIL`` at each end."""
        low, high = np.log(self.quantile(np.array([TAIL, 1 - TAIL])))
        points = int(np.ceil((high - low) / spacing)) + 1
        return np.linspace(low, high, points)


class HyperPrior(NamedTuple):
    """A Gaussian process with unknown hyper-parameters.

    Attributes:
        length: length scale of the kernel, the same for all features.
        variance: variance of the function.
        noise: variance of the noise.
        upper: upper end of the inputs.
    """

    length: Gamma
    variance: Gamma
    noise: Gamma
    upper: float

    @property
    def scale(self) -> float:
        """Standard deviation of a single observation."""
        return float(np.sqrt(self.variance.mean + self.noise.mean))


class Mixture(NamedTuple):
    """A mixture of k Gaussians.

    Attributes:
        weights: weights [k] of the components, which sum to 1.
        means: means [k].
        variances: variances [k].
    """

    weights: Floats
    means: Floats
    variances: Floats


def hyper_prior_of(numbers: npt.ArrayLike) -> HyperPrior:
    """Return the prior from seven numbers: shape and rate of three gamma priors, and the end."""
    values = np.asarray(numbers, np.float64)
    length, variance, noise = (Gamma(*pair) for pair in values[:6].reshape(3, 2).tolist())
    return HyperPrior(length, variance, noise, float(values[6]))


def correlation(
    x: Floats,
    other: Floats,
    length: Floats | float,
) -> Floats:
    """Return Matérn correlations [..., n, m] of inputs [..., n, d] and [..., m, d].

    ``length`` is a number or an array that broadcasts against the result.
    """
    difference = x[..., :, None, :] - other[..., None, :, :]
    distance = np.sqrt(5 * (difference**2).sum(-1)) / length
    return np.asarray((1 + distance + distance**2 / 3) * np.exp(-distance))


def draw(
    x: Floats,
    normals: Floats,
    hyper_normals: Floats,
    prior: HyperPrior,
) -> Floats:
    """Return observations [b, n] of one function per set, each with hyper-parameters of its own.

    Args:
        x: inputs [b, n, d].
        normals: standard normals [b, n].
        hyper_normals: standard normals [b, 3], which become the hyper-parameters.
        prior: their prior.
    """
    probabilities = special.ndtr(hyper_normals).T[:, :, None, None]
    length, variance, noise = (
        gamma.quantile(probability)
        for gamma, probability in zip(prior[:3], probabilities, strict=True)
    )
    covariance = variance * correlation(x, x, length) + noise * np.eye(x.shape[-2])
    root = np.linalg.cholesky(covariance)
    return np.asarray((root @ normals[..., None])[..., 0])


def predictive(
    x: Floats,
    y: Floats,
    query: Floats,
    prior: HyperPrior,
    spacings: tuple[float, float, float] = SPACINGS,
) -> Mixture:
    """Return the distribution of an observation at a query, after n points of one set.

    With the eigenvectors of the correlation matrix, covariances of all variances and noises have
    a diagonal form, so that there is one decomposition per length scale.

    Args:
        x: inputs of the observations [n, d]; n may be 0.
        y: observations [n].
        query: one input [d].
        prior: prior of the hyper-parameters.
        spacings: spacings of the grid, in logarithms of length, variance and noise.

    Returns:
        A mixture of k Gaussians.
    """
    grids = [gamma.grid(spacing) for gamma, spacing in zip(prior[:3], spacings, strict=True)]
    if not len(x):
        grids[0] = grids[0][:1]  # without points, nothing depends on the length scale
    logs = np.meshgrid(*grids, indexing="ij")
    densities = [gamma.log_density(log) for gamma, log in zip(prior[:3], logs, strict=True)]
    lengths = np.exp(grids[0])[:, None, None]
    values, vectors = np.linalg.eigh(correlation(x, x, lengths))
    rotated_y = np.swapaxes(vectors, -1, -2) @ y
    to_query = correlation(x, query[None], lengths)[..., 0]
    rotated_query = (np.swapaxes(vectors, -1, -2) @ to_query[..., None])[..., 0]
    variance, noise = np.exp(logs[1]), np.exp(logs[2])
    # The last dimension of what follows has one entry per point.
    spectrum = variance[..., None] * values.clip(min=0)[:, None, None] + noise[..., None]
    y_per, query_per = rotated_y[:, None, None], rotated_query[:, None, None]
    log_likelihood = -0.5 * (y_per**2 / spectrum + np.log(spectrum)).sum(-1)
    means = variance * (query_per * y_per / spectrum).sum(-1)
    explained = variance**2 * (query_per**2 / spectrum).sum(-1)
    variances = variance + noise - explained
    log_weights = sum(densities, log_likelihood)
    return _mixture(log_weights.ravel(), means.ravel(), variances.ravel())


def _mixture(
    log_weights: Floats,
    means: Floats,
    variances: Floats,
) -> Mixture:
    """Merge components that differ by less than ``MERGED`` of a standard deviation.

    A merged component has the mean and the variance of those that it stands for, so that mixtures
    keep both.
    """
    weights = special.softmax(log_weights)
    kept = weights > DROPPED * weights.max()
    weights, means, variances = weights[kept], means[kept], variances[kept]
    width = np.round(np.log(variances) / (2 * MERGED))
    place = np.round(means / (MERGED * np.exp(width * MERGED)))
    _, cell = np.unique(np.stack([width, place]), axis=1, return_inverse=True)
    total = np.bincount(cell, weights)
    mean = np.bincount(cell, weights * means) / total
    squared = np.bincount(cell, weights * (variances + (means - mean[cell]) ** 2))
    return Mixture(total / total.sum(), mean, squared / total)
