"""Probability of improvement: how often a run of one method beats a run of another.

Agarwal et al. 2021, section 4.3. Per task (here: per data set) it is the share of pairs of runs in
which the first run is better; ties count half. This is the Mann–Whitney U over n·m. Tasks are
averaged. For the interval, the runs of each task and method are resampled separately (the
stratified bootstrap of rliable).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facsimile.statistics.estimates import LEVEL, RESAMPLES, Array, Estimate, limits, undefined

Runs = NDArray[np.floating]


def probability(
    first: Sequence[Runs],
    second: Sequence[Runs],
    rng: np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Return P(a run of ``first`` scores higher than a run of ``second``).

    Both are lists of tasks, with scores [n] and [m] per task. Higher is better: negate scores for
    which lower is better. A task without runs on one side is left out. ``n`` of the estimate counts
    all runs.
    """
    n = 0
    shares: list[Array] = []
    resampled: list[Array] = []
    for a, b in zip(first, second, strict=True):
        if not a.size or not b.size:
            continue
        n += a.size + b.size
        once = np.ones((1, a.size)), np.ones((1, b.size))
        shares.append(_won(a, b, *once))
        counts_a = _counts(a.size, rng, resamples)
        counts_b = _counts(b.size, rng, resamples)
        resampled.append(_won(a, b, counts_a, counts_b))
    if not shares:
        return undefined(0)
    low, high = limits(np.mean(resampled, axis=0), level)
    return Estimate(float(np.mean(shares)), low, high, n)


def _won(a: Runs, b: Runs, counts_a: Array, counts_b: Array) -> Array:
    """Return the share [resamples] of pairs in which ``a`` [n] is higher than ``b`` [m].

    ``counts_a`` [resamples, n] and ``counts_b`` [resamples, m] is how often each run was drawn.
    """
    order = np.argsort(b)
    # Number of drawn runs of b among its 0, 1, …, m lowest.
    cumulated = np.cumsum(counts_b[:, order], axis=1)
    below = np.pad(cumulated, ((0, 0), (1, 0)))
    # Positions of the runs of a among those of b.
    ordered = b[order]
    lower = np.searchsorted(ordered, a, side="left")
    lower_or_tied = np.searchsorted(ordered, a, side="right")
    # Averaging both counts makes ties count half.
    won = (below[:, lower] + below[:, lower_or_tied]) / 2
    number = np.einsum("bn,bn->b", counts_a, won)
    return number / (a.size * b.size)


def _counts(n: int, rng: np.random.Generator, resamples: int) -> Array:
    """Return how often each of ``n`` runs is drawn [resamples, n]."""
    indices = rng.integers(n, size=(resamples, n))
    # With other numbers for the runs of each resample, one call counts all resamples.
    offsets = n * np.arange(resamples)[:, None]
    indices = (indices + offsets).ravel()
    counts = np.bincount(indices, minlength=resamples * n)
    return counts.reshape(resamples, n).astype(np.float64)
