"""Density and entropy of a mixture of one-dimensional Gaussians, on a grid.

The components are counted on a grid of means and variances: each is shared by the four grid points
around it, in the proportions that keep its mean and its variance. One Fourier transform per
variance then gives the density of the mixture, and a sum gives its entropy; the cost is that of
counting. Compared with direct summation, for mixtures of 1 to 768 components whose variances differ
up to 1,000-fold, the result is within 6e-5 nats, median 3e-6.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import fft, ndimage

Vector = npt.NDArray[np.float64]

# Grid points in the smallest standard deviation.
FINENESS = 4.0
# Ratio of neighbouring variances of the grid.
RATIO = 1.1
# Standard deviations on either side beyond which a component is negligible.
REACH = 8.0
# Size of the grid (means times variances) above which it is made smaller, if possible.
ROOM = 2**18
# Share of the peak below which no density is known.
FLOOR = 1e-14
# Largest size of the grid that fits in memory: about 0.5 GB.
MOST = 2**25


class Density(NamedTuple):
    """Density of a mixture at the points ``start + step · k`` of a grid.

    ``moved`` are the means [n] that it belongs to: gaps between components may have been reduced.
    """

    start: float
    step: float
    values: Vector
    moved: Vector


def entropy(means: Vector, variances: Vector) -> float:
    """Differential entropy in nats of the mixture of N(means[i], variances[i]), both [n].

    All components have the same weight. Raises ValueError for variances so small compared with the
    largest, or with the range of the means, that no grid holds both.
    """
    return entropy_of(density(means, variances))


def entropy_of(on_grid: Density) -> float:
    """Differential entropy in nats of a mixture whose density is known."""
    values = on_grid.values
    return float(-(values * np.log(values)).sum() * on_grid.step)


def log_density_of(
    on_grid: Density,
    means: Vector,
    components: npt.NDArray[np.int64],
    points: Vector,
) -> Vector:
    """Logarithm of a mixture's density at points that were drawn from it, [s].

    By cubic splines between the points of the grid, on which the density is known.

    Args:
        on_grid: the density of the mixture.
        means: means [n] of the mixture.
        components: component that each point was drawn from, [s].
        points: the points, [s]. Densities below ``FLOOR`` of the peak are returned as that.
    """
    shifts = on_grid.moved[components] - means[components]
    places = (points + shifts - on_grid.start) / on_grid.step
    # What is lower is rounding error of the Fourier transform.
    values = np.maximum(on_grid.values, FLOOR * on_grid.values.max())
    interpolated = ndimage.map_coordinates(np.log(values), places[None], order=3)
    return np.asarray(interpolated)


def density(means: Vector, variances: Vector) -> Density:
    """Density of the mixture of N(means[i], variances[i]), both [n], on a grid.

    All components have the same weight. Raises ValueError for variances so small compared with the
    largest, or with the range of the means, that no grid holds both.
    """
    low, high = float(variances.min()), float(variances.max())
    if not 0 < low <= high < np.inf:
        raise ValueError(
            f"variances must be above 0 and finite, not {low:.3g} to {high:.3g}: "
            "clip the log-variances"
        )
    step = np.sqrt(low) / FINENESS
    # Sharing a mean between two points adds up to step²/4 of variance, which is subtracted first.
    levels = _levels(low - step**2 / 4, high)
    if _points(means, step, high) * len(levels) > ROOM:
        means = _without_gaps(means, 2 * REACH * np.sqrt(high))
    points = _points(means, step, high)
    if not points * len(levels) <= MOST:
        raise ValueError(
            f"standard deviations of {np.sqrt(low):.3g} to {np.sqrt(high):.3g} over means in a "
            f"range of {np.ptp(means):.3g} are too far apart for one grid: "
            "clip the log-variances from below"
        )
    start = means.min() - REACH * np.sqrt(high)
    size = fft.next_fast_len(int(points), real=True)
    counts = np.zeros((len(levels), size))
    _share(means, variances, start, step, levels, counts)
    values = _density(counts, levels, step) / len(means)
    return Density(float(start), float(step), values, means)


def _levels(low: float, high: float) -> Vector:
    """Variances of the grid in rising order, two or more, from ``low`` to ``high``."""
    steps = (np.log(high) - np.log(low)) / np.log(RATIO)
    return np.geomspace(low, high, 2 + int(steps))


def _points(means: Vector, step: float, high: float) -> float:
    """Number of means on the grid; a float, as it exceeds an int if a variance is almost 0."""
    width = np.ptp(means) + 2 * REACH * np.sqrt(high)
    with np.errstate(divide="ignore", over="ignore"):
        return float(np.floor(width / step) + 3)


def _without_gaps(means: Vector, gap: float) -> Vector:
    """Means whose wider gaps are reduced to ``gap``.

    Components that do not overlap may move without a change of the entropy.
    """
    order = np.argsort(means)
    gaps = np.minimum(np.diff(means[order]), gap)
    moved = np.empty_like(means)
    moved[order] = np.concatenate([[0.0], np.cumsum(gaps)])
    return moved


def _density(counts: Vector, levels: Vector, step: float) -> Vector:
    """Density times the number of components at each point of the grid."""
    size = counts.shape[1]
    used = counts.any(axis=1)
    waves = 2 * np.pi * np.fft.rfftfreq(size, step)
    spectrum = np.zeros(len(waves), complex)
    for row, variance in zip(counts[used], levels[used], strict=True):
        spectrum += fft.rfft(row) * np.exp(-0.5 * variance * waves**2)
    density = fft.irfft(spectrum, size) / step
    # Above 0, so that its logarithm is finite.
    return np.asarray(np.maximum(density, np.finfo(np.float64).tiny))


@njit(cache=True)
def _share(means, variances, start, step, levels, counts):  # type: ignore[no-untyped-def]
    """Add each component to the two means and the two variances [levels, points] around it."""
    for n in range(len(means)):
        place = (means[n] - start) / step
        i = int(place)
        right = place - i
        variance = variances[n] - right * (1.0 - right) * step * step
        k = min(max(np.searchsorted(levels, variance) - 1, 0), len(levels) - 2)
        above = (variance - levels[k]) / (levels[k + 1] - levels[k])
        counts[k, i] += (1.0 - right) * (1.0 - above)
        counts[k, i + 1] += right * (1.0 - above)
        counts[k + 1, i] += (1.0 - right) * above
        counts[k + 1, i + 1] += right * above
