"""The statistics that reviewers ask for: a value, its bootstrap interval, and the number of runs behind it.

Intervals are plain percentile intervals (Efron 1979), as in Agarwal et al. 2021, "Deep RL at the edge of the statistical
precipice". BCa, the competing choice, corrects bias and skew but needs the jackknife and is undefined on samples with
many equal values, which scores near 1 are. Percentile intervals of fewer than about five runs are too narrow: print n.

What cannot be said is NaN, never a warning: the interval of one value or of values that are all equal, the correlation
with a constant, and everything of no value at all.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Statistic = Callable[[Array], Array]

LEVEL = 0.95
RESAMPLES = 2000
CORRELATION_RUNS = 3  # two points are always perfectly correlated
_BLOCK = 2**21  # numbers held at once: 16 MiB
_RANKED = 2**18  # numbers ranked at once: 2 MiB, a cache's worth


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of ``n`` values and its interval; NaN is what cannot be said."""

    value: float
    low: float
    high: float
    n: int


def mean(values: Array) -> Array:
    """Mean over the last axis."""
    return np.mean(values, axis=-1)


def median(values: Array) -> Array:
    """Median over the last axis."""
    return np.median(values, axis=-1)


def iqm(values: Array) -> Array:
    """Interquartile mean over the last axis: a quarter of the values, rounded down, is cut at each end.

    As in rliable (Agarwal et al. 2021); weighting the values at the quartiles is the competing convention.
    Fewer than four values lose nothing, so it is their mean.
    """
    return stats.trim_mean(values, 0.25, axis=-1)


STATISTICS: dict[str, Statistic] = {"mean": mean, "median": median, "iqm": iqm}


def generator(*words: str) -> np.random.Generator:
    """A generator seeded by what it is for, so that a number does not depend on what was computed before it."""
    return np.random.default_rng([zlib.crc32(word.encode()) for word in words])


def estimate(
    values: NDArray[np.floating],
    rng: np.random.Generator,
    statistic: Statistic = mean,
    strata: NDArray[np.generic] | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """A statistic of ``values`` [n] and its percentile bootstrap interval; resamples within ``strata`` [n] if given.

    Without strata the runs are one sample, whatever their hyper-parameters: the interval then covers the choice of
    hyper-parameters too. Strata = cells ask about other seeds alone. Raises ValueError on NaN: leave failed runs out before.
    """
    sample = _finite(values)
    if sample.size == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    value = float(statistic(sample))
    drawn = _draws(sample[None], statistic, rng, _groups(sample.size, strata), resamples)[0]
    return Estimate(value, *limits(drawn, level), sample.size)


def paired_difference(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    rng: np.random.Generator,
    statistic: Statistic = mean,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """``statistic(a) - statistic(b)`` of paired values [n] each, and its interval: both are resampled by the same indices.

    Pair runs by (data set, seed). For the median this is the difference of medians, not the median of differences.
    """
    first, second = _finite(a), _finite(b)
    if first.shape != second.shape:
        raise ValueError(
            f"paired values must be as many on both sides, not {first.size} and {second.size}; join them by run first"
        )
    if first.size == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    both = np.stack((first, second))
    value = float(statistic(first) - statistic(second))
    drawn = _draws(both, statistic, rng, _groups(first.size, None), resamples)
    return Estimate(value, *limits(drawn[0] - drawn[1], level), first.size)


@dataclass(frozen=True, slots=True)
class Correlations:
    """Rank correlations of columns with columns, ``value``, ``low`` and ``high`` [a, b], over ``n`` rows."""

    value: Array
    low: Array
    high: Array
    n: int


def spearman(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    rng: np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Spearman's rank correlation of paired values [n] each, tied values sharing their mean rank; runs are resampled.

    NaN for fewer than three pairs or a constant side. Resamples that are constant on a side say nothing and are left out.
    """
    first, second = _finite(x), _finite(y)
    if first.shape != second.shape:
        raise ValueError(f"a correlation wants pairs, not {first.size} and {second.size} values")
    found = spearmans(first[:, None], second[:, None], rng, level, resamples)
    return Estimate(
        float(found.value[0, 0]), float(found.low[0, 0]), float(found.high[0, 0]), found.n
    )


def spearmans(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    rng: np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Correlations:
    """``spearman`` of every column of x [n, a] with every column of y [n, b]; all share the resamples of the n rows.

    As fast as ranking a + b columns, not a · b pairs; the same intervals as a pair alone has from the same generator.
    """
    a, b = (np.stack([_finite(column) for column in side.T]) for side in (x, y))
    n, shape = a.shape[1], (len(a), len(b))
    if n < CORRELATION_RUNS:
        return Correlations(
            np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan), n
        )
    # How often each row is drawn says all of a resample, and ranks follow from running sums of it: nothing is sorted again.
    counts = (
        rng.multinomial(n, np.full(n, 1 / n), size)
        for size in _sizes(n * sum(shape), resamples, _RANKED)
    )
    drawn = np.concatenate([_correlations(a, b, block) for block in counts])
    bounds = [
        limits(column[np.isfinite(column)], level) for column in drawn.reshape(len(drawn), -1).T
    ]
    low, high = (np.reshape(column, shape) for column in zip(*bounds, strict=True))
    return Correlations(_correlations(a, b, np.ones((1, n)))[0], low, high, n)


def rank_correlation(x: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """Spearman's rank correlation of paired values [n] each, without an interval; NaN if a side is constant."""
    return float(_correlations(_finite(x)[None], _finite(y)[None], np.ones((1, len(x))))[0, 0, 0])


def limits(drawn: Array, level: float = LEVEL) -> tuple[float, float]:
    """The percentile interval of a statistic's resamples [b]; NaN where they do not vary."""
    # A difference of the last bits, from the order of a sum, is no variation.
    if drawn.size == 0 or np.ptp(drawn) <= 1e-12 * np.abs(drawn).max():
        return np.nan, np.nan
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def ranks(values: Array, weights: Array) -> Array:
    """Mean ranks [b, n], from 1, of ``values`` [n] in each resample."""
    labels = np.unique(values, return_inverse=True)[1]
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    sizes = np.add.reduceat(weights[:, order], starts, axis=1)
    return (np.cumsum(sizes, axis=1) - sizes / 2 + 0.5)[:, labels]


def _finite(values: NDArray[np.floating]) -> Array:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not np.isfinite(sample).all():
        raise ValueError(
            f"finite values [n] are wanted, not shape {sample.shape} with {(~np.isfinite(sample)).sum()} that are not"
        )
    return sample


def _groups(n: int, strata: NDArray[np.generic] | None) -> list[NDArray[np.intp]]:
    if strata is None:
        return [np.arange(n)]
    labels = np.unique(np.asarray(strata), return_inverse=True)[1]
    return [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]


def _sizes(n: int, resamples: int, numbers: int = _BLOCK) -> list[int]:
    block = max(1, numbers // n)
    return [min(block, resamples - start) for start in range(0, resamples, block)]


def _draws(
    samples: Array,
    statistic: Statistic,
    rng: np.random.Generator,
    groups: list[NDArray[np.intp]],
    resamples: int,
) -> Array:
    """The statistic [k, resamples] of each of ``samples`` [k, n]; the k share the indices drawn."""
    blocks = []
    for size in _sizes(samples.shape[1], resamples):
        picked = np.concatenate(
            [group[rng.integers(group.size, size=(size, group.size))] for group in groups], axis=1
        )
        blocks.append(np.stack([statistic(sample[picked]) for sample in samples]))
    return np.concatenate(blocks, axis=1)


def _correlations(x: Array, y: Array, counts: NDArray[np.number]) -> Array:
    """Spearman's correlations [r, a, b] of x [a, n] and y [b, n] in each resample, which drew rows ``counts`` [r, n] times."""
    weights = counts.astype(np.float64)
    first, second = (
        np.stack([_standard(column, weights) for column in side], axis=1) for side in (x, y)
    )
    found: Array = first @ second.transpose(0, 2, 1)
    return np.clip(found, -1, 1)


def _standard(column: Array, weights: Array) -> Array:
    """Weighted ranks [r, n] of a column [n], centred and scaled so that a correlation is their product; NaN if constant."""
    centred = ranks(column, weights) - (weights.sum(axis=1, keepdims=True) + 1) / 2
    scaled = centred * np.sqrt(weights)
    length = np.sqrt(np.einsum("rn,rn->r", scaled, scaled))[:, None]
    return np.divide(scaled, length, out=np.full_like(scaled, np.nan), where=length > 0)
