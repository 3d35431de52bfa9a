"""The length scale of a Gaussian process with an inverse-gamma prior, by quadrature.

A function f on [0, 5]^5 has covariance exp(-|x - x'|² / (2 length²)), observations have a noise of
variance ``NOISE``. The posterior of the length scale is integrated over its logarithm, on an even
grid about the middle of the prior.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from facsimile.papers.dt import inverse_gamma

Floats = npt.NDArray[np.float64]

UPPER = 5.0  # of each feature of an input
NOISE = 1e-3  # variance, in the authors' files
POINTS = 61  # of the grid; 121 give the same mean log-densities to 1e-6
WIDTH = 6.0  # distance of its ends from the middle, in standard deviations of the prior


class Answers(NamedTuple):
    """Minus log-densities of what was drawn, for n problems, in nats.

    Attributes:
        prior: of the length scale under the prior [n].
        posterior: of the length scale under the exact posterior [n].
        predictive: of the target under the exact predictive distribution [n].
    """

    prior: Floats
    posterior: Floats
    predictive: Floats


def covariance(
    x: Floats,
    length: Floats,
) -> Floats:
    """Return the covariance [n, k, k] of observations at inputs [n, k, d], with lengths [n]."""
    difference = x[:, :, None] - x[:, None]
    squared = (difference**2).sum(-1) / length[:, None, None] ** 2
    return np.asarray(np.exp(-0.5 * squared) + NOISE * np.eye(x.shape[1]))


def draw(
    x: Floats,
    normals: Floats,
    length: Floats,
) -> Floats:
    """Return observations [n, k] of one function per problem, from standard normals [n, k]."""
    root = np.linalg.cholesky(covariance(x, length))
    return np.asarray((root @ normals[..., None])[..., 0])


def answers(
    prior: Floats,
    x: Floats,
    y: Floats,
    length: Floats,
) -> Answers:
    """Return minus the log-densities of length scales and targets, given the other observations.

    Args:
        prior: shape and scale of each inverse-gamma prior [n, 2].
        x: inputs [n, k + 1, d], the target's last.
        y: observations [n, k + 1], the target last.
        length: length scales that were drawn [n].
    """
    shape, scale = prior[:, :1], prior[:, 1:]
    middle, deviation = np.log(scale / shape), shape**-0.5
    grid = middle + deviation * np.linspace(-WIDTH, WIDTH, POINTS)
    log_prior = inverse_gamma.log_density(grid, shape, scale)
    columns = [likelihoods(x, y, np.exp(column)) for column in grid.T]
    of_points, of_target = (np.stack(values, 1) for values in zip(*columns, strict=True))
    log_weights = log_prior + of_points
    log_step = np.log(grid[:, 1] - grid[:, 0])
    log_evidence = special.logsumexp(log_weights, 1)
    with_target = special.logsumexp(log_weights + of_target, 1)
    at_length, _ = likelihoods(x, y, length)
    logarithm = np.log(length)[:, None]
    # The density of the length scale is that of its logarithm, divided by the length scale.
    of_prior = logarithm[:, 0] - inverse_gamma.log_density(logarithm, shape, scale)[:, 0]
    return Answers(
        prior=of_prior,
        posterior=of_prior - at_length + log_evidence + log_step,
        predictive=log_evidence - with_target,
    )


def likelihoods(
    x: Floats,
    y: Floats,
    length: Floats,
) -> tuple[Floats, Floats]:
    """Return log-densities of all observations but the last [n], and of the last given these.

    Args:
        x: inputs [n, k + 1, d].
        y: observations [n, k + 1].
        length: length scales [n].
    """
    root = np.linalg.cholesky(covariance(x, length))
    whitened = np.linalg.solve(root, y[..., None])[..., 0]
    heights = np.log(np.diagonal(root, axis1=-2, axis2=-1))
    each = -0.5 * whitened**2 - heights - inverse_gamma.HALF_LOG_TAU
    return each[:, :-1].sum(1), each[:, -1]
