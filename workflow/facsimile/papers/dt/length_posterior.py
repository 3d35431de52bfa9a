"""Answers to the problem of ``length_scale.py``: draws from the posterior, and SVI's optimum.

The posterior of the logarithm of the length scale is evaluated on the grid of ``length_scale.py``,
in standard deviations of the prior about its middle. Sums over an even grid are integrals to a
precision that grows exponentially with the number of points.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from facsimile.papers.dt import inverse_gamma, length_scale
from facsimile.papers.dt.inverse_gamma import HALF_LOG_TAU
from facsimile.papers.dt.length_scale import POINTS, WIDTH, Floats

PLACES = np.linspace(-WIDTH, WIDTH, POINTS)
STEP = PLACES[1] - PLACES[0]
ITERATIONS = 60
DAMPING = 0.5


class Posterior(NamedTuple):
    """Posteriors of z = (log length - middle) / deviation for n problems.

    Attributes:
        middle: middle of each prior, log(scale / shape) [n].
        deviation: its standard deviation, 1 / √shape [n].
        log_density: log-density of z at ``PLACES`` [n, POINTS].
    """

    middle: Floats
    deviation: Floats
    log_density: Floats


def posterior(
    prior: Floats,
    x: Floats,
    y: Floats,
) -> Posterior:
    """Return posteriors of length scales, given all observations but the last.

    Args:
        prior: shape and scale of each inverse-gamma prior [n, 2].
        x: inputs [n, k + 1, d].
        y: observations [n, k + 1].
    """
    shape, scale = prior.T
    middle, deviation = np.log(scale / shape), shape**-0.5
    grid = middle[:, None] + deviation[:, None] * PLACES
    likelihoods = [length_scale.likelihoods(x, y, np.exp(column))[0] for column in grid.T]
    log_prior = inverse_gamma.log_density(grid, shape[:, None], scale[:, None])
    joint = log_prior + np.stack(likelihoods, 1)
    evidence = special.logsumexp(joint, 1, keepdims=True) + np.log(STEP)
    return Posterior(middle, deviation, joint - evidence)


def draw(
    exact: Posterior,
    uniforms: Floats,
) -> Floats:
    """Return length scales [n, m] from uniform numbers [n, m], by linear interpolation.

    Args:
        exact: posteriors of n problems.
        uniforms: numbers in (0, 1).
    """
    density = np.exp(exact.log_density)
    cells = 0.5 * (density[:, 1:] + density[:, :-1])
    cumulative = np.cumsum(cells, 1)
    cumulative /= cumulative[:, -1:]
    cumulative = np.insert(cumulative, 0, 0.0, axis=1)
    rows = zip(uniforms, cumulative, strict=True)
    z = np.stack([np.interp(of_row, known, PLACES) for of_row, known in rows])
    return np.asarray(np.exp(exact.middle[:, None] + exact.deviation[:, None] * z))


def best_gaussian(exact: Posterior) -> tuple[Floats, Floats]:
    """Return mean and scale [n] of the Gaussian over log length that maximises SVI's bound.

    The bound is E log p + log s, so that E (log p)' = 0 and 1 / s² = -E (log p)''. Both
    expectations follow from log p alone by partial integration.
    """
    mean = np.zeros(len(exact.middle))
    scale = np.ones_like(mean)
    for _ in range(ITERATIONS):
        standardised = (PLACES - mean[:, None]) / scale[:, None]
        weights = np.exp(-0.5 * standardised**2 - HALF_LOG_TAU) * STEP / scale[:, None]
        weighted = weights * exact.log_density
        slope = (weighted * standardised).sum(1) / scale
        curvature = (weighted * (standardised**2 - 1)).sum(1) / scale**2
        mean = mean + DAMPING * scale**2 * slope
        precision = (1 - DAMPING) / scale**2 - DAMPING * curvature
        scale = precision**-0.5
    return exact.middle + exact.deviation * mean, exact.deviation * scale


def log_of_gaussian(
    length: Floats,
    mean: Floats,
    scale: Floats,
) -> Floats:
    """Return log-densities of length scales [n] whose logarithms are Gaussian."""
    logarithm = np.log(length)
    standardised = (logarithm - mean) / scale
    density: Floats = -0.5 * standardised**2 - np.log(scale) - HALF_LOG_TAU - logarithm
    return density


def log_of_kernels(
    length: Floats,
    drawn: Floats,
) -> Floats:
    """Return log-densities of length scales [n] by kernel density estimates.

    Kernels are Gaussian with Scott's width, as in ``scipy.stats.gaussian_kde``.

    Args:
        length: where the densities are evaluated.
        drawn: draws from each posterior [n, m].
    """
    number = drawn.shape[1]
    width = drawn.std(1, ddof=1) * number**-0.2
    standardised = (length[:, None] - drawn) / width[:, None]
    logarithms = -0.5 * standardised**2 - HALF_LOG_TAU
    density: Floats = special.logsumexp(logarithms, 1) - np.log(number * width)
    return density
