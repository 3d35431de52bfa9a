"""Filters: densities of a state that moves linearly, by all measurements so far.

All are of the motion in ``range_finder``; a sensor has ``log_likelihood``, ``moments`` and
``wraps`` as the one there. Series are independent of each other, and filters treat many at once.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.papers.dt.range_finder import (
    HALF_LOG_TAU,
    NOISE,
    START_COVARIANCE,
    START_MEAN,
    TRANSITION,
    wrapped,
)

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]  # particles, for which single precision is enough

AT_ONCE = 10  # series; more need more memory, and are slower
JITTER = 0.001  # added to all variances of particles, as in the released code
# State after two steps = TRANSITION² state + TWO_STEPS (noise of the first, of the second).
TWO_STEPS = np.hstack([TRANSITION @ NOISE, NOISE])


class Densities(NamedTuple):
    """Log-densities [n, steps] of the true states.

    Attributes:
        own: by the filter's density.
        of_moments: by the Gaussian with the filter's mean and covariance.
    """

    own: Floats
    of_moments: Floats


def kalman(
    sensor: Any,
    states: Floats,
    measured: Floats,
    wraps: bool = True,
    squared_noise: bool = False,
) -> Densities:
    """Return densities by the extended Kalman filter, in which measurements follow one another.

    For a linear sensor this is the Kalman filter. In the released code (ekf.py), residuals of
    angles are not wrapped, and the covariance of the motion's noise is multiplied by itself.

    Args:
        sensor: the sensor.
        states: true states [n, steps, 4].
        measured: measurements [n, steps, m].
        wraps: whether residuals of angles are wrapped.
        squared_noise: whether the covariance of the noise is multiplied by itself.
    """
    n, steps = states.shape[:2]
    mean = np.tile(START_MEAN, (n, 1))
    covariance = np.tile(START_COVARIANCE, (n, 1, 1))
    noise = NOISE @ NOISE.T
    if squared_noise:
        noise = noise @ noise
    log_density = np.empty((n, steps))
    for step in range(steps):
        if step:
            mean = mean @ TRANSITION.T
            covariance = TRANSITION @ covariance @ TRANSITION.T + noise
        for place in range(measured.shape[2]):
            expected, variance, gradient = sensor.moments(mean, place)
            residual = measured[:, step, place] - expected
            if wraps and sensor.wraps[place]:
                residual = wrapped(residual)
            spread = np.einsum("nij,nj->ni", covariance, gradient)
            total = (gradient * spread).sum(1) + variance
            gain = spread / total[:, None]
            mean = mean + gain * residual[:, None]
            # Symmetric, and positive definite as long as the numbers are.
            covariance = covariance - total[:, None, None] * gain[:, :, None] * gain[:, None]
        log_density[:, step] = log_gaussian(states[:, step], mean, covariance)
    return Densities(log_density, log_density)


def particles(
    sensor: Any,
    states: Floats,
    measured: Floats,
    number: int,
    random: np.random.Generator,
) -> Densities:
    """Return densities by the bootstrap particle filter.

    Particles are drawn again, in proportion to their likelihoods, after each measurement. The
    density is that of Gaussian kernels around them. Their covariance is that of the particles, with
    0.001 added to each variance, times 1.06 n^(-1/5) for n particles, as in the released code.

    Args:
        sensor: the sensor.
        states: true states [n, steps, 4].
        measured: measurements [n, steps, m].
        number: number of particles.
        random: generator of random numbers.
    """
    width = 1.06 * number**-0.2
    own = np.empty(states.shape[:2])
    of_moments = np.empty_like(own)
    for rows in _parts(len(states)):
        truth, observed = states[rows], measured[rows]
        cloud = _start(len(truth), number, random)
        for step in range(truth.shape[1]):
            if step:
                cloud = _moved(cloud, random)
            weights = sensor.log_likelihood(_rows(cloud), observed[:, step, None])
            cloud = _resampled(cloud, weights, random)
            mean, covariance = _moments(cloud)
            of_moments[rows, step] = log_gaussian(truth[:, step], mean, covariance)
            own[rows, step] = _log_kernels(truth[:, step], cloud, width * covariance)
    return Densities(own, of_moments)


def exact(
    sensor: Any,
    states: Floats,
    measured: Floats,
    number: int,
    random: np.random.Generator,
) -> Densities:
    """Return densities that converge to the exact ones, without kernels, by particles.

    Two steps of the motion have noise in all four directions. A state and the one two steps before
    determine the one in between, so that the density is a mean over particles of two steps before:
    of the density of the motion, times the likelihood of the measurement in between. It is divided
    by the particle filter's estimate of the likelihood of both measurements.

    Args:
        sensor: the sensor.
        states: true states [n, steps, 4].
        measured: measurements [n, steps, m].
        number: number of particles.
        random: generator of random numbers.
    """
    own = np.empty(states.shape[:2])
    of_moments = np.empty_like(own)
    for rows in _parts(len(states)):
        truth, observed = states[rows], measured[rows]
        likelihood = sensor.log_likelihood(truth, observed)
        cloud = _start(len(truth), number, random)
        earlier: list[Singles] = []  # particles of the last two steps
        last = np.zeros(len(truth))  # log-evidence of the last step
        for step in range(truth.shape[1]):
            if step:
                cloud = _moved(cloud, random)
            now = truth[:, step]
            weights = sensor.log_likelihood(_rows(cloud), observed[:, step, None])
            evidence = _log_mean(weights)
            if step == 0:
                prior = log_gaussian(now, START_MEAN, START_COVARIANCE)
            elif step == 1:
                prior = _second(sensor, now, observed[:, 0], number, random)
            else:
                prior = _after_two(sensor, now, observed[:, step - 1], earlier[0])
            own[rows, step] = prior + likelihood[:, step] - last - evidence
            cloud = _resampled(cloud, weights, random)
            mean, covariance = _moments(cloud)
            of_moments[rows, step] = log_gaussian(now, mean, covariance)
            earlier = [*earlier[-1:], cloud]
            last = evidence
    return Densities(own, of_moments)


def log_gaussian(
    points: Floats,
    mean: Floats,
    covariance: Floats,
) -> Floats:
    """Return log-densities [...] at points [..., d] of Gaussians, which broadcast with them.

    Raises:
        np.linalg.LinAlgError: a covariance is not positive definite.
    """
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, (points - mean)[..., None])[..., 0]
    log_determinant = np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(-1)
    constant = points.shape[-1] * HALF_LOG_TAU
    return np.asarray(-0.5 * (white**2).sum(-1) - log_determinant - constant)


def _parts(n: int) -> list[slice]:
    """Slices of a few series each."""
    return [slice(start, start + AT_ONCE) for start in range(0, n, AT_ONCE)]


def _start(
    series: int,
    number: int,
    random: np.random.Generator,
) -> Singles:
    """Particles [series, 4, number] of the first state."""
    factor = np.linalg.cholesky(START_COVARIANCE).astype(np.float32)
    mean = START_MEAN.astype(np.float32)[:, None]
    return np.asarray(mean + factor @ _normals(series, len(mean), number, random))


def _moved(
    cloud: Singles,
    random: np.random.Generator,
) -> Singles:
    """Particles after one step of the motion."""
    noise = _normals(len(cloud), NOISE.shape[1], cloud.shape[2], random)
    return np.asarray(_single(TRANSITION) @ cloud + _single(NOISE) @ noise)


def _normals(
    series: int,
    size: int,
    number: int,
    random: np.random.Generator,
) -> Singles:
    """Standard normal numbers [series, size, number]."""
    return random.standard_normal((series, size, number), np.float32)


def _single(values: Floats) -> Singles:
    return values.astype(np.float32)


def _rows(cloud: Singles) -> Singles:
    """The same particles as states [..., number, 4]."""
    return np.swapaxes(cloud, -1, -2)


def _resampled(
    cloud: Singles,
    log_weights: Singles,
    random: np.random.Generator,
) -> Singles:
    """Particles drawn independently in proportion to their weights [series, number]."""
    series, number = log_weights.shape
    highest = log_weights.max(1, keepdims=True)
    totals = np.exp(log_weights - highest).cumsum(1, dtype=np.float64)
    # Sums of exponential variables are sorted uniform ones, which are searched for fastest.
    gaps = random.standard_exponential((series, number + 1), np.float32)
    sums = gaps.cumsum(1, dtype=np.float64)
    drawn = sums[:, :-1] * (totals[:, -1:] / sums[:, -1:])
    chosen = np.empty_like(cloud)
    for row in range(series):
        places = np.searchsorted(totals[row], drawn[row]).clip(max=number - 1)
        chosen[row] = cloud[row].take(places, axis=1)
    return chosen


def _moments(cloud: Singles) -> tuple[Floats, Floats]:
    """Mean [n, d] and covariance [n, d, d] of particles [n, d, number].

    A few particles may have all the weight, so that a small number is added to all variances.
    """
    mean = cloud.mean(2, dtype=np.float64)
    centred = cloud - _single(mean)[..., None]
    covariance = (centred @ _rows(centred)).astype(np.float64) / (cloud.shape[2] - 1)
    return mean, covariance + JITTER * np.eye(cloud.shape[1])


def _log_kernels(
    points: Floats,
    cloud: Singles,
    kernel: Floats,
) -> Floats:
    """Log-density [n] at points [n, d] of kernels of covariance [n, d, d] around particles."""
    factor = np.linalg.cholesky(kernel)
    white = _single(np.linalg.inv(factor)) @ (_single(points)[..., None] - cloud)
    log_determinant = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(1)
    constant = points.shape[1] * HALF_LOG_TAU
    return _log_mean(-0.5 * (white**2).sum(1)) - log_determinant - constant


def _second(
    sensor: Any,
    now: Floats,
    first: Floats,
    number: int,
    random: np.random.Generator,
) -> Floats:
    """Log of p(x) p(z | x) [n]: the second state, and the first measurement given this state."""
    mean = TRANSITION @ START_MEAN
    covariance = TRANSITION @ START_COVARIANCE @ TRANSITION.T + NOISE @ NOISE.T
    gain = np.linalg.solve(covariance, TRANSITION @ START_COVARIANCE).T
    start = START_MEAN + (now - mean) @ gain.T
    left = START_COVARIANCE - gain @ TRANSITION @ START_COVARIANCE
    # Its rank is 2, since noise has two directions.
    values, vectors = np.linalg.eigh(left)
    factor = vectors * np.sqrt(values.clip(0))
    normals = _normals(len(now), len(mean), number, random)
    starts = _single(start)[..., None] + _single(factor) @ normals
    of_first = _log_mean(sensor.log_likelihood(_rows(starts), first[:, None]))
    return np.asarray(log_gaussian(now, mean, covariance) + of_first)


def _after_two(
    sensor: Any,
    now: Floats,
    between: Floats,
    cloud: Singles,
) -> Floats:
    """Log of p(x, z) [n]: a state, and the measurement one step before it.

    Args:
        sensor: the sensor.
        now: the state [n, 4].
        between: the measurement [n, m].
        cloud: particles of the state two steps before [n, 4, number].
    """
    one_step = _single(TRANSITION) @ cloud
    difference = _single(now)[..., None] - _single(TRANSITION) @ one_step
    noise = _single(np.linalg.inv(TWO_STEPS)) @ difference
    _, log_determinant = np.linalg.slogdet(TWO_STEPS)
    log_motion = -0.5 * (noise**2).sum(1) - noise.shape[1] * HALF_LOG_TAU - log_determinant
    in_between = one_step + _single(NOISE) @ noise[:, : NOISE.shape[1]]
    likelihood = sensor.log_likelihood(_rows(in_between), between[:, None])
    return _log_mean(log_motion + likelihood)


def _log_mean(
    values: npt.NDArray[np.floating[Any]],
) -> Floats:
    """Logarithm of the mean of exponentials along the last axis."""
    highest = values.max(-1)
    ratios = np.exp(values - highest[..., None])
    return np.asarray(highest + np.log(ratios.mean(-1, dtype=np.float64)))
