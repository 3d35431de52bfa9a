"""How many seeds are needed to tell two methods apart.

The result is the smallest number of seeds with which a t test finds the difference often enough.
The existing runs stand for the population: experiments of n seeds per method are drawn from them
with replacement. Each is tested as a reader would test it: with Welch's t test if the runs are
independent, with the paired t test if they share seeds. Colas et al. 2018, "How many random
seeds?", do so for reinforcement learning. A result from few runs is as uncertain as their spread.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from facsimile.statistics.estimates import LEVEL, Array

Floats = NDArray[np.floating]

POWER = 0.8
# Seeds per method; the search stops here.
MOST = 1000
EXPERIMENTS = 1000
# Per method; fewer runs do not allow an estimate of the spread.
LEAST_RUNS = 3
# Numbers in memory at once: 32 MiB.
_BLOCK = 2**22


def unpaired(
    a: Floats,
    b: Floats,
    rng: np.random.Generator,
    power: float = POWER,
    level: float = LEVEL,
) -> float:
    """Return the seeds per method that Welch's t test needs to tell ``a`` [n] from ``b`` [m].

    It must find the difference at ``1 - level`` in a share ``power`` of the experiments. Infinity
    if ``MOST`` seeds are too few, NaN if a method has fewer than ``LEAST_RUNS`` runs.
    """
    if min(a.size, b.size) < LEAST_RUNS:
        return np.nan
    first = np.asarray(a, dtype=np.float64)
    second = np.asarray(b, dtype=np.float64)

    def share_significant(n: int) -> float:
        mean_a, variance_a = _moments(first, n, rng)
        mean_b, variance_b = _moments(second, n, rng)
        difference = mean_a - mean_b
        p_values = _welch(difference, variance_a / n, variance_b / n, n)
        return float(np.mean(p_values < 1 - level))

    return _smallest(share_significant, power)


def paired(
    a: Floats,
    b: Floats,
    rng: np.random.Generator,
    power: float = POWER,
    level: float = LEVEL,
) -> float:
    """Like ``unpaired``, with the paired t test on ``a`` [n] and ``b`` [n], joined by seed.

    Raises ValueError if the numbers of runs differ.
    """
    if a.shape != b.shape:
        raise ValueError(
            f"paired values must have equal length, not {a.size} and {b.size}; "
            "join them by seed first"
        )
    if a.size < LEAST_RUNS:
        return np.nan
    differences = np.asarray(a, dtype=np.float64) - b

    def share_significant(n: int) -> float:
        mean, variance = _moments(differences, n, rng)
        freedom = np.full_like(mean, n - 1.0)
        p_values = _p_value(mean, variance / n, freedom)
        return float(np.mean(p_values < 1 - level))

    return _smallest(share_significant, power)


def _moments(values: Array, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return mean and unbiased variance [EXPERIMENTS] of ``n`` values drawn with replacement."""
    block = max(1, _BLOCK // n)
    means: list[Array] = []
    variances: list[Array] = []
    for start in range(0, EXPERIMENTS, block):
        size = min(block, EXPERIMENTS - start)
        indices = rng.integers(values.size, size=(size, n))
        sample = values[indices]
        means.append(sample.mean(axis=1))
        variances.append(sample.var(axis=1, ddof=1))
    return np.concatenate(means), np.concatenate(variances)


def _welch(difference: Array, u: Array, v: Array, n: int) -> Array:
    """Return two-sided p values of Welch's t test for two samples of ``n`` values.

    ``u`` and ``v`` are the squared standard errors. The degrees of freedom are those of Welch and
    Satterthwaite.
    """
    spread = u**2 + v**2
    # Without any spread, the degrees of freedom do not matter; see _p_value.
    freedom = np.full_like(u, n - 1.0)
    np.divide((n - 1) * (u + v) ** 2, spread, out=freedom, where=spread > 0)
    return _p_value(difference, u + v, freedom)


def _p_value(difference: Array, squared_error: Array, freedom: Array) -> Array:
    """Return two-sided p values; without spread, 0 for any difference and 1 for none."""
    t = np.where(difference == 0, 0.0, np.inf)
    error = np.sqrt(squared_error)
    np.divide(np.abs(difference), error, out=t, where=squared_error > 0)
    # The upper tail of Student's t; scipy.stats has it, too, but its import takes a second.
    return 2 * special.stdtr(freedom, -t)


def _smallest(share: Callable[[int], float], power: float) -> float:
    """Return the smallest n from 2 for which ``share(n)`` reaches ``power``; infinity if none."""
    low, high = 1, 2
    # Double n until it is enough, then halve the interval between the last two.
    while share(high) < power:
        if high >= MOST:
            return np.inf
        low, high = high, min(2 * high, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        if share(middle) >= power:
            high = middle
        else:
            low = middle
    return float(high)
