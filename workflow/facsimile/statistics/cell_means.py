"""Pearson's correlation of the means of cells, one point for each setting of hyper-parameters."""

import numpy as np
from numpy.typing import NDArray

from facsimile.statistics import estimates
from facsimile.statistics.estimates import LEVEL, RESAMPLES, Array, Estimate, Floats


def pearson(
    x: Floats,
    y: Floats,
    cells: NDArray[np.generic],
    rng: np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Return the correlation of the means of ``x`` and ``y`` [n] over cells, and its interval.

    Runs are resampled within their cell [n], both scores of a run together, so the interval covers
    other seeds and not other cells. ``n`` is the number of runs. NaN for fewer than three cells, or
    if the means of a side do not vary. There is no interval if no cell has two runs.

    Raises ValueError for different numbers of values.
    """
    if not len(x) == len(y) == len(cells):
        raise ValueError(
            f"a correlation needs one cell for each pair of values, "
            f"not {len(x)} and {len(y)} values and {len(cells)} cells"
        )
    both = np.column_stack([x, y]).astype(np.float64)
    drawn = resampled(both, cells, rng, resamples)
    value = pearson_of(means(both, cells))
    finite = drawn[np.isfinite(drawn)]
    low, high = estimates.limits(finite, level)
    return Estimate(value, low, high, len(both))


def resampled(
    both: Array,
    cells: NDArray[np.generic],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Array:
    """Return the correlation in each resample, [resamples].

    ``both`` are the two scores of each run, [n, 2], and ``cells`` [n] its cell.
    """
    columns = []
    for cell in np.unique(cells):
        rows = np.flatnonzero(cells == cell)
        chosen = rng.choice(rows, size=(resamples, len(rows)))
        columns.append(both[chosen].mean(axis=1))
    if not columns:
        return np.full(resamples, np.nan)
    return _pearson(np.stack(columns, axis=1))


def means(
    both: Array,
    cells: NDArray[np.generic],
) -> Array:
    """Return the means [c, 2] of the two scores of each cell, in rising order of the cells."""
    parts = []
    for cell in np.unique(cells):
        rows = both[cells == cell]
        parts.append(rows.mean(axis=0))
    return np.array(parts).reshape(-1, 2)


def pearson_of(points: Array) -> float:
    """Return the correlation of points [c, 2]; NaN for fewer than three, or without spread."""
    return float(_pearson(points[None])[0])


def _pearson(points: Array) -> Array:
    """Return the correlations [r] of points [r, c, 2]; NaN for fewer than three."""
    if points.shape[1] < estimates.CORRELATION_RUNS:
        return np.full(len(points), np.nan)
    centred = points - points.mean(axis=1, keepdims=True)
    x, y = centred[..., 0], centred[..., 1]
    squares = (x**2).sum(axis=1) * (y**2).sum(axis=1)
    lengths = np.sqrt(squares)
    products = (x * y).sum(axis=1)
    nan = np.full_like(products, np.nan)
    return np.divide(products, lengths, out=nan, where=lengths > 0)
