"""How many seeds would tell two methods apart: the smallest number at which a t test finds the difference often enough.

Runs that are there stand for all that could be: experiments of n seeds a side are drawn from them with replacement, and each is
put to the test that a reader would use, Welch's for independent runs, the paired t test for runs that share a seed. Colas et
al. 2018, "How many random seeds?", do so for reinforcement learning. An answer from few runs is as uncertain as their spread.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from facsimile.statistics.estimates import LEVEL, Array

POWER = 0.8
MOST = 1000  # seeds a side; more are not asked for
EXPERIMENTS = 1000
LEAST_RUNS = 3  # a side: fewer say nothing of a spread
_BLOCK = 2**22


def unpaired(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    rng: np.random.Generator,
    power: float = POWER,
    level: float = LEVEL,
) -> float:
    """Seeds a side by which Welch's t test tells ``a`` [n] from ``b`` [m] at ``1 - level`` in ``power`` of experiments.

    Infinity if ``MOST`` are too few, NaN where a side has fewer than ``LEAST_RUNS`` runs.
    """
    if min(a.size, b.size) < LEAST_RUNS:
        return np.nan
    sides = [np.asarray(side, dtype=np.float64) for side in (a, b)]

    def found(n: int) -> float:
        means, variances = zip(*(_moments(side, n, rng) for side in sides), strict=True)
        return float(
            np.mean(_welch(means[0] - means[1], variances[0] / n, variances[1] / n, n) < 1 - level)
        )

    return _smallest(found, power)


def paired(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    rng: np.random.Generator,
    power: float = POWER,
    level: float = LEVEL,
) -> float:
    """Likewise by the paired t test, ``a`` [n] and ``b`` [n] joined by seed; raises ValueError where they are not as many."""
    if a.shape != b.shape:
        raise ValueError(
            f"paired values must be as many on both sides, not {a.size} and {b.size}; join them by seed first"
        )
    if a.size < LEAST_RUNS:
        return np.nan
    difference = np.asarray(a, dtype=np.float64) - b

    def found(n: int) -> float:
        mean, variance = _moments(difference, n, rng)
        return float(np.mean(_p_value(mean, variance / n, np.full_like(mean, n - 1.0)) < 1 - level))

    return _smallest(found, power)


def _moments(values: Array, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Mean and unbiased variance [EXPERIMENTS] of ``n`` values drawn with replacement."""
    block = max(1, _BLOCK // n)
    sizes = [min(block, EXPERIMENTS - done) for done in range(0, EXPERIMENTS, block)]
    drawn = [values[rng.integers(values.size, size=(size, n))] for size in sizes]
    return np.concatenate([d.mean(axis=1) for d in drawn]), np.concatenate(
        [d.var(axis=1, ddof=1) for d in drawn]
    )


def _welch(difference: Array, u: Array, v: Array, n: int) -> Array:
    """Two-sided p values; ``u`` and ``v`` are the squared standard errors. Freedom after Welch and Satterthwaite."""
    spread = u**2 + v**2
    freedom = np.divide(
        (n - 1) * (u + v) ** 2, spread, out=np.full_like(u, n - 1.0), where=spread > 0
    )
    return _p_value(difference, u + v, freedom)


def _p_value(difference: Array, squared_error: Array, freedom: Array) -> Array:
    """Two-sided; without any spread a difference is certain, and no difference says nothing."""
    certain = np.where(difference == 0, 0.0, np.inf)
    t = np.divide(np.abs(difference), np.sqrt(squared_error), out=certain, where=squared_error > 0)
    return 2 * stats.t.sf(t, freedom)


def _smallest(found: Callable[[int], float], power: float) -> float:
    """The smallest n from 2 at which ``found`` reaches ``power``: doubled until it does, then halved in between."""
    low, high = 1, 2
    while found(high) < power:
        if high >= MOST:
            return np.inf
        low, high = high, min(2 * high, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) >= power else (middle, high)
    return float(high)
