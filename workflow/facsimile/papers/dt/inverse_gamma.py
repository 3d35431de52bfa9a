"""A variance with an inverse-gamma prior: draws, exact posteriors and KL divergences.

x ~ IG(a, b) is a variance, and z ~ N(0, x) is observed. The posterior is IG(a + 1/2, b + z²/2).
Densities are those of u = log x: a KL divergence does not depend on which of the two is taken, and
mixtures of Gaussians have a density of u. If x ~ IG(a, b), then u - log b = -log g, where g has
the gamma distribution with shape a and scale 1, so that much depends on the shape a alone.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

TAIL = 1e-14  # probability beyond each end of the grid
POINTS = 800  # of the grid; 400 and 1600 give the same KL to 1e-9
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class Mixture(NamedTuple):
    """Mixtures of K Gaussians over log x for n problems, [n, K] each.

    Attributes:
        weights: weights of the components, which sum to 1.
        means: means of the components.
        scales: standard deviations of the components.
    """

    weights: Floats
    means: Floats
    scales: Floats


def quantile(
    probability: Floats,
    shape: Floats | float,
    scale: Floats | float,
) -> Floats:
    """Return quantiles of IG(shape, scale), elementwise."""
    # A large x is a small gamma variable.
    drawn: Floats = scale / special.gammainccinv(shape, probability)
    return drawn


def posterior(
    prior: Floats,
    z: Floats,
) -> Floats:
    """Return shape and scale [n, 2] of the posterior.

    Args:
        prior: shape and scale of the prior [n, 2].
        z: observations [n].
    """
    return np.stack((prior[:, 0] + 0.5, prior[:, 1] + 0.5 * z**2), 1)


def log_density(
    u: Floats,
    shape: Floats | float,
    scale: Floats | float,
) -> Floats:
    """Return the log-density of u = log x at u, where x ~ IG(shape, scale)."""
    constant = shape * np.log(scale) - special.gammaln(shape)
    density: Floats = constant - shape * u - scale * np.exp(-u)
    return density


def log_mixture(
    u: Floats,
    mixture: Mixture,
) -> Floats:
    """Return the log-density of mixtures at points u [n, m], for each problem its own."""
    parts = []
    for weight, mean, scale in zip(*(values.T for values in mixture), strict=True):
        standardised = (u - mean[:, None]) / scale[:, None]
        constant = np.log(weight) - np.log(scale) - HALF_LOG_TAU
        parts.append(constant[:, None] - 0.5 * standardised**2)
    density: Floats = np.logaddexp.reduce(parts)
    return density


def kl(
    exact: Floats,
    mixture: Mixture,
) -> Floats:
    """Return the KL divergence [n] from exact posteriors to mixtures, in nats, by quadrature.

    Args:
        exact: shape and scale of each posterior [n, 2].
        mixture: a mixture over log x for each.
    """
    shape, scale = exact[:, :1], exact[:, 1:]
    low = -np.log(special.gammainccinv(shape, TAIL))
    # Small gamma variables underflow; g^a / Γ(a + 1) is their distribution function.
    high = -(math.log(TAIL) + special.gammaln(shape + 1)) / shape
    fractions = np.linspace(0, 1, POINTS)
    u = np.log(scale) + low + (high - low) * fractions
    step = (high - low)[:, 0] / (POINTS - 1)
    log_p = log_density(u, shape, scale)
    ratio = log_p - log_mixture(u, mixture)
    # The density is 0 at both ends, where the trapezoidal rule converges fastest.
    return np.asarray((np.exp(log_p) * ratio).sum(1) * step)


def kl_of_prior(
    prior: Floats,
    exact: Floats,
) -> Floats:
    """Return the KL divergence [n] from posteriors to their priors, in nats, in closed form.

    Args:
        prior: shape and scale of the priors [n, 2].
        exact: shape and scale of the posteriors [n, 2].
    """
    a, b = prior.T
    shape, scale = exact.T
    mean = np.log(scale) - special.digamma(shape)  # of log x
    reciprocal = shape / scale  # mean of 1/x
    normalisers = shape * np.log(scale) - a * np.log(b)
    normalisers += special.gammaln(a) - special.gammaln(shape)
    divergence: Floats = normalisers - (shape - a) * mean - (scale - b) * reciprocal
    return divergence


def entropy(shape: Floats) -> Floats:
    """Return the entropy of log x, in nats; it does not depend on the scale."""
    value: Floats = special.gammaln(shape) + shape - shape * special.digamma(shape)
    return value


def variational(exact: Floats) -> Mixture:
    """Return the Gaussian over log x that maximises the evidence lower bound.

    The bound is -a m - b exp(-m + s²/2) + log s plus a constant, so s² = 1/a and
    m = log(b/a) + 1/(2a).

    Args:
        exact: shape and scale of each posterior [n, 2].
    """
    shape, scale = exact[:, :1], exact[:, 1:]
    means = np.log(scale / shape) + 0.5 / shape
    return Mixture(np.ones_like(means), means, shape**-0.5)


def matched(exact: Floats) -> Mixture:
    """Return the Gaussian with the posterior's mean and variance of log x.

    Of all Gaussians, it has the least KL divergence from the posterior.

    Args:
        exact: shape and scale of each posterior [n, 2].
    """
    shape, scale = exact[:, :1], exact[:, 1:]
    means = np.log(scale) - special.digamma(shape)
    variances = special.polygamma(1, shape)
    return Mixture(np.ones_like(means), means, np.sqrt(variances))
