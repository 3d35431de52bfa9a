"""Estimates over runs: a value, its bootstrap interval, and the number of runs behind it.

Intervals are plain percentile intervals (Efron 1979), as in Agarwal et al. 2021, "Deep RL at the
edge of the statistical precipice". BCa, the competing choice, corrects bias and skew, but it needs
the jackknife and is undefined on samples with many equal values, such as scores near 1. Percentile
intervals of fewer than about five runs are too narrow, so print n with them.

Whatever is undefined is NaN and raises no warning: the interval of one value or of values that are
all equal, the correlation with a constant, and any statistic of no values.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating]
Indices = NDArray[np.intp]
Statistic = Callable[[Array], Array]

LEVEL = 0.95
RESAMPLES = 2000
# Two points are always perfectly correlated.
CORRELATION_RUNS = 3
# Numbers in memory at once: 16 MiB.
_BLOCK = 2**21
# Numbers ranked at once: 2 MiB, which fits into a processor's cache.
_RANKED = 2**18


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of ``n`` values and its interval; NaN where undefined."""

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
    """Interquartile mean over the last axis.

    A quarter of the values, rounded down, is cut at each end, as in rliable (Agarwal et al. 2021).
    The competing convention weights the values at the quartiles. Of fewer than four values none is
    cut, so it is their mean.
    """
    n = values.shape[-1]
    if n == 0:
        return np.full(values.shape[:-1], np.nan)
    # As scipy.stats.trim_mean, whose import alone takes a second.
    cut = n // 4
    ordered = np.partition(values, (cut, n - cut - 1), axis=-1)
    return ordered[..., cut : n - cut].mean(axis=-1)


def lower_quartile(values: Array) -> Array:
    """First quartile over the last axis, interpolated linearly as NumPy and Matplotlib do."""
    return _quantile(values, 0.25)


def upper_quartile(values: Array) -> Array:
    """Third quartile over the last axis, interpolated linearly as NumPy and Matplotlib do."""
    return _quantile(values, 0.75)


def lower_whisker(values: Array) -> Array:
    """Lowest value that is at most 1.5 interquartile ranges below the first quartile.

    Over the last axis; the convention of Tukey, and of Matplotlib.
    """
    fence = lower_quartile(values) - _reach(values)
    inside = values >= fence[..., None]
    return np.asarray(np.min(values, axis=-1, where=inside, initial=np.inf))


def upper_whisker(values: Array) -> Array:
    """Highest value that is at most 1.5 interquartile ranges above the third quartile.

    Over the last axis; the convention of Tukey, and of Matplotlib.
    """
    fence = upper_quartile(values) + _reach(values)
    inside = values <= fence[..., None]
    return np.asarray(np.max(values, axis=-1, where=inside, initial=-np.inf))


def _quantile(values: Array, share: float) -> Array:
    return np.asarray(np.quantile(values, share, axis=-1))


def _reach(values: Array) -> Array:
    """How far whiskers of a box plot may reach from the quartiles, over the last axis."""
    return 1.5 * (upper_quartile(values) - lower_quartile(values))


STATISTICS: dict[str, Statistic] = {
    "mean": mean,
    "median": median,
    "iqm": iqm,
    "lower quartile": lower_quartile,
    "upper quartile": upper_quartile,
    "lower whisker": lower_whisker,
    "upper whisker": upper_whisker,
}


def generator(*words: str) -> np.random.Generator:
    """Return a random generator that is seeded by the purpose of its numbers.

    So a result does not depend on what was computed before it.
    """
    seeds = [zlib.crc32(word.encode()) for word in words]
    return np.random.default_rng(seeds)


def undefined(n: int) -> Estimate:
    """Return the estimate of a statistic that is undefined for ``n`` values: NaN."""
    return Estimate(np.nan, np.nan, np.nan, n)


def estimate(
    values: Floats,
    rng: np.random.Generator,
    statistic: Statistic = mean,
    strata: NDArray[np.generic] | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Return a statistic of ``values`` [n] and its percentile bootstrap interval.

    With ``strata`` [n], values are resampled within each stratum. Without strata, the runs are one
    sample, whatever their hyper-parameters, and the interval also covers the choice of
    hyper-parameters. With cells as strata, it covers other seeds only.

    Raises ValueError for NaN: exclude failed runs before.
    """
    sample = _finite(values)
    if sample.size == 0:
        return undefined(0)
    value = float(statistic(sample))
    groups = _groups(sample.size, strata)
    resampled = _resampled(sample[None], statistic, rng, groups, resamples)
    low, high = limits(resampled[0], level)
    return Estimate(value, low, high, sample.size)


def paired_difference(
    a: Floats,
    b: Floats,
    rng: np.random.Generator,
    statistic: Statistic = mean,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Return ``statistic(a) - statistic(b)`` of paired values [n], and its interval.

    Both sides are resampled by the same indices. Pair runs by data set and seed. For the median,
    this is the difference of medians, not the median of differences. Raises ValueError for NaN and
    for different numbers of values.
    """
    first, second = _finite(a), _finite(b)
    if first.shape != second.shape:
        raise ValueError(
            f"paired values must have equal length, not {first.size} and {second.size}; "
            "join them by run first"
        )
    if first.size == 0:
        return undefined(0)
    both = np.stack((first, second))
    value = float(statistic(first) - statistic(second))
    groups = _groups(first.size, None)
    resampled = _resampled(both, statistic, rng, groups, resamples)
    low, high = limits(resampled[0] - resampled[1], level)
    return Estimate(value, low, high, first.size)


@dataclass(frozen=True, slots=True)
class Correlations:
    """Rank correlations ``value`` [a, b] of two sets of columns over ``n`` rows, with intervals."""

    value: Array
    low: Array
    high: Array
    n: int


def spearman(
    x: Floats,
    y: Floats,
    rng: np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Return Spearman's rank correlation of paired values [n] each, and its bootstrap interval.

    Tied values share their mean rank. NaN for fewer than three pairs or if a side is constant.
    Resamples in which a side is constant are left out. Raises ValueError for NaN and for different
    numbers of values.
    """
    first, second = _finite(x), _finite(y)
    if first.shape != second.shape:
        raise ValueError(
            f"a correlation needs pairs of values, not {first.size} and {second.size} values"
        )
    columns = first[:, None], second[:, None]
    pair = spearmans(*columns, rng, level, resamples)
    return Estimate(
        float(pair.value[0, 0]),
        float(pair.low[0, 0]),
        float(pair.high[0, 0]),
        pair.n,
    )


def spearmans(
    x: Floats,
    y: Floats,
    rng: np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Correlations:
    """Return ``spearman`` of every column of x [n, a] with every column of y [n, b].

    All pairs share the resamples of the n rows. This ranks a + b columns, not a · b pairs. The
    intervals equal those of each pair alone with the same generator.
    """
    a = np.stack([_finite(column) for column in x.T])
    # Correlations within one set of columns: each is ranked once.
    b = a if y is x else np.stack([_finite(column) for column in y.T])
    n = a.shape[1]
    shape = (len(a), len(b))
    if n < CORRELATION_RUNS:
        return Correlations(
            value=np.full(shape, np.nan),
            low=np.full(shape, np.nan),
            high=np.full(shape, np.nan),
            n=n,
        )
    # The number of times each row is drawn describes a resample completely, and ranks follow from
    # running sums of these numbers, so nothing is sorted again.
    blocks: list[Array] = []
    probabilities = np.full(n, 1 / n)
    for size in _sizes(n * sum(shape), resamples, _RANKED):
        counts = rng.multinomial(n, probabilities, size)
        blocks.append(_correlations(a, b, counts))
    resampled = np.concatenate(blocks)
    low, high = _limits_of_each(resampled, level)
    value = _correlations(a, b, _once(n))[0]
    return Correlations(value, low, high, n)


def rank_correlation(x: Floats, y: Floats) -> float:
    """Return Spearman's rank correlation of paired values [n] each, without an interval.

    NaN if a side is constant.
    """
    first, second = _finite(x)[None], _finite(y)[None]
    correlation = _correlations(first, second, _once(len(x)))
    return correlation.item()


def _once(n: int) -> Array:
    """Return the counts [1, n] of a sample that contains each of ``n`` rows once."""
    return np.ones((1, n))


def limits(drawn: Array, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentile interval of a statistic's resamples [b]; NaN if they do not vary."""
    # The order of a sum may change the last bits; this is not a variation.
    if drawn.size == 0 or np.ptp(drawn) <= 1e-12 * np.abs(drawn).max():
        return np.nan, np.nan
    low, high = np.quantile(drawn, _ends(level))
    return float(low), float(high)


def _limits_of_each(drawn: Array, level: float) -> tuple[Array, Array]:
    """Return ``limits`` [a, b] of each column of resamples [r, a, b], without those not finite."""
    low, high = np.quantile(drawn, _ends(level), axis=0)
    varies = np.ptp(drawn, axis=0) > 1e-12 * np.abs(drawn).max(axis=0)
    low[~varies] = high[~varies] = np.nan
    # One call for all columns takes a third of the time of one for each.
    for i, j in np.argwhere(~np.isfinite(drawn).all(axis=0)):
        values = drawn[:, i, j]
        low[i, j], high[i, j] = limits(values[np.isfinite(values)], level)
    return low, high


def _ends(level: float) -> list[float]:
    return [(1 - level) / 2, (1 + level) / 2]


def ranks(values: Array, weights: Array) -> Array:
    """Return mean ranks [b, n], from 1, of ``values`` [n] in each resample.

    ``weights`` [b, n] is how often each value was drawn.
    """
    labels = np.unique(values, return_inverse=True)[1]
    order = np.argsort(labels, kind="stable")
    changes = np.diff(labels[order], prepend=-1)
    starts = np.flatnonzero(changes)
    # Equal values form a group. Its highest rank is the running sum of the sizes; its mean rank is
    # (size - 1) / 2 lower.
    sizes = np.add.reduceat(weights[:, order], starts, axis=1)
    mean_ranks = np.cumsum(sizes, axis=1) - sizes / 2 + 0.5
    return mean_ranks[:, labels]


def _finite(values: Floats) -> Array:
    """Return values [n] in double precision; raises ValueError if any is not finite."""
    sample = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(sample)
    if sample.ndim != 1 or not finite.all():
        raise ValueError(
            f"values must be finite and have shape [n]; they have shape {sample.shape}, "
            f"and {(~finite).sum()} are not finite"
        )
    return sample


def _groups(n: int, strata: NDArray[np.generic] | None) -> list[Indices]:
    """Return the indices of each stratum; without strata, of one group of all ``n`` values."""
    if strata is None:
        return [np.arange(n)]
    _, labels = np.unique(np.asarray(strata), return_inverse=True)
    number = labels.max() + 1
    return [np.flatnonzero(labels == label) for label in range(number)]


def _sizes(n: int, resamples: int, numbers: int = _BLOCK) -> list[int]:
    """Split resamples of ``n`` numbers each into blocks of at most ``numbers`` numbers."""
    block = max(1, numbers // n)
    starts = range(0, resamples, block)
    return [min(block, resamples - start) for start in starts]


def _resampled(
    samples: Array,
    statistic: Statistic,
    rng: np.random.Generator,
    groups: list[Indices],
    resamples: int,
) -> Array:
    """Return the statistic [k, resamples] of each of ``samples`` [k, n].

    All k samples are resampled by the same indices, drawn within each group.
    """
    blocks: list[Array] = []
    for size in _sizes(samples.shape[1], resamples):
        indices: list[Indices] = []
        for group in groups:
            positions = rng.integers(group.size, size=(size, group.size))
            indices.append(group[positions])
        rows = np.concatenate(indices, axis=1)
        values = [statistic(sample[rows]) for sample in samples]
        blocks.append(np.stack(values))
    return np.concatenate(blocks, axis=1)


def _correlations(x: Array, y: Array, counts: NDArray[np.number]) -> Array:
    """Return Spearman's correlations [r, a, b] of x [a, n] and y [b, n] in each resample.

    ``counts`` [r, n] is how often each resample drew each row.
    """
    weights = counts.astype(np.float64)
    first = [_standardised(column, weights) for column in x]
    second = first if y is x else [_standardised(column, weights) for column in y]
    products: Array = np.stack(first, axis=1) @ np.stack(second, axis=1).transpose(0, 2, 1)
    # Rounding may exceed the range by a few last bits.
    return np.clip(products, -1, 1)


def _standardised(column: Array, weights: Array) -> Array:
    """Return weighted ranks [r, n] of a column [n], centred and scaled; NaN if it is constant.

    The correlation of two columns is the scalar product of their standardised ranks.
    """
    number = weights.sum(axis=1, keepdims=True)
    centred = ranks(column, weights) - (number + 1) / 2
    scaled = centred * np.sqrt(weights)
    squares = np.einsum("rn,rn->r", scaled, scaled)
    length = np.sqrt(squares)[:, None]
    nan = np.full_like(scaled, np.nan)
    return np.divide(scaled, length, out=nan, where=length > 0)
