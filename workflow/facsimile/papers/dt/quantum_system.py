"""Measurements of a two-level quantum system, and posteriors of what drives it.

The Hamiltonian is D σx + (1 - D) σz, with Pauli's matrices σx and σz. A real state is drawn from
a Gaussian, normalised, and evolves for a time that is drawn, too; then it is measured. Both means
are those of the authors' file quantum_system.yaml. Probabilities are averages over the two draws in
closed form, where the released code takes ten samples.
"""

from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import special

from facsimile.papers.dt.length_posterior import PLACES, STEP, Posterior

Floats = npt.NDArray[np.float64]

# Means of the states and times of the ten measurements.
FIRST, SECOND, BOTH = (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)
STATES = np.array([FIRST] * 5 + [SECOND] * 2 + [BOTH] * 3)
TIMES = np.array([1.0, 2, 3, 4, 5, 1, 2, 1, 2, 3])
STATE_VARIANCE = 0.01  # of each coordinate, before the state is normalised
TIME_DEVIATION = 0.05
META_PRIOR = (4.0, 6.0)  # of both parameters of the beta prior, inverse gamma
# First candidates for the best Gaussian, in standard deviations of the prior.
MEANS = np.linspace(-3, 3, 13)
SCALES = np.linspace(0.3, 1.3, 5)
AROUND = np.array([-0.25, 0.0, 0.25])
NARROWEST = 0.1
REFINEMENTS = 8


def probabilities(drive: Floats) -> Floats:
    """Return the probability [n, 10] that a measurement is 1, which is that of the first level.

    Args:
        drive: D, from 0 to 1 [n].
    """
    d = drive[:, None]
    squared = d**2 + (1 - d) ** 2
    # With ω = √squared, the evolution is cos(ωt) - i sin(ωt) (D σx + (1 - D) σz) / ω.
    damping = np.exp(-2 * squared * TIME_DEVIATION**2)
    omega = np.sqrt(squared)
    cosine = np.cos(2 * omega * TIMES) * damping
    stays = 0.5 * (1 + cosine)
    turns = 0.5 * (1 - cosine)
    # A state is (cos θ, sin θ). Means of cos 2θ and sin 2θ are those of a projected Gaussian.
    squares = (STATES**2).sum(1)
    ratio = squares / (2 * STATE_VARIANCE)
    length = 1 + np.expm1(-ratio) / ratio
    of_x, of_y = STATES.T
    angle = 2 * np.arctan2(of_y, of_x)
    of_first = 0.5 * (1 + length * np.cos(angle))
    of_both = 0.5 * length * np.sin(angle)
    turned = (1 - d) ** 2 * of_first
    turned += d**2 * (1 - of_first)
    turned += 2 * d * (1 - d) * of_both
    return np.asarray(stays * of_first + turns * turned / squared)


def drive_of(
    x: Floats,
    released: bool,
) -> Floats:
    """Return D: x itself, or its logistic function, which the released code takes once more."""
    return np.asarray(special.expit(x)) if released else x


def log_likelihood(
    x: Floats,
    z: Floats,
    released: bool,
) -> Floats:
    """Return the log-probability [n] of measurements.

    Args:
        x: what is inferred, from 0 to 1 [n].
        z: measurements, 0 or 1 [n, 10].
        released: whether D is the logistic function of x.
    """
    probability = probabilities(drive_of(x, released))
    of_each = np.where(z > 0.5, probability, 1 - probability)
    logarithms: Floats = np.log(of_each)
    return np.asarray(logarithms.sum(1))


def log_prior(
    logit: Floats,
    prior: Floats,
) -> Floats:
    """Return the log-density [n] of the logit of x, whose prior is a beta distribution.

    Args:
        logit: log(x / (1 - x)) [n].
        prior: both parameters of each beta distribution [n, 2].
    """
    first, second = prior.T
    density = first * special.log_expit(logit)
    density += second * special.log_expit(-logit)
    return np.asarray(density - special.betaln(first, second))


def posterior(
    prior: Floats,
    z: Floats,
    released: bool,
) -> tuple[Posterior, Floats]:
    """Return posteriors of the logit of x on a grid, and the log-evidence [n] of z.

    The grid reaches six standard deviations of the prior from its mean.

    Args:
        prior: parameters of each beta prior [n, 2].
        z: measurements [n, 10].
        released: whether D is the logistic function of x.
    """
    first, second = prior.T
    middle = special.digamma(first) - special.digamma(second)
    variance = special.polygamma(1, first) + special.polygamma(1, second)
    deviation = np.sqrt(variance)
    columns = []
    for place in PLACES:
        logit = middle + deviation * place
        likelihood = log_likelihood(special.expit(logit), z, released)
        columns.append(log_prior(logit, prior) + likelihood)
    joint = np.stack(columns, 1) + np.log(deviation)[:, None]
    total = special.logsumexp(joint, 1)
    evidence = total + np.log(STEP)
    log_density = joint - evidence[:, None]
    return Posterior(middle, deviation, log_density), evidence


def best_gaussian(exact: Posterior) -> tuple[Floats, Floats]:
    """Return mean and scale [n] of the Gaussian over the logit that maximises SVI's bound.

    Posteriors may have several modes. A search over a grid of means and scales keeps the best of
    them; finer grids around it follow, each of half the spacing.
    """
    mean = np.zeros_like(exact.middle)
    scale = np.zeros_like(mean)
    best = np.full_like(mean, -np.inf)
    grids = [(MEANS, SCALES)]
    for refinement in range(REFINEMENTS):
        spacing = 0.5**refinement * AROUND
        grids.append((spacing, 0.5 * spacing))
    for means, scales in grids:
        centre, width = mean, scale
        for by, wider in product(means, scales):
            new_mean = centre + by
            new_scale = np.maximum(width + wider, NARROWEST)
            value = _bound(exact, new_mean, new_scale)
            better = value > best
            best = np.where(better, value, best)
            mean = np.where(better, new_mean, mean)
            scale = np.where(better, new_scale, scale)
    return exact.middle + exact.deviation * mean, exact.deviation * scale


def _bound(
    exact: Posterior,
    mean: Floats,
    scale: Floats,
) -> Floats:
    """Bound E log p + log s [n] of Gaussians, but for a constant, in units of the grid."""
    distance = PLACES - mean[:, None]
    standardised = distance / scale[:, None]
    weights = np.exp(-0.5 * standardised**2)
    weighted = weights * exact.log_density
    expected = weighted.sum(1) / weights.sum(1)
    return np.asarray(expected + np.log(scale))
