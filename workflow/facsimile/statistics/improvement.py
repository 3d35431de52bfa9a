"""Probability of improvement: how often a run of one method beats a run of another (Agarwal et al. 2021, section 4.3).

Per task (here: per data set) it is the share of pairs of runs in which the first is better, ties counting half: the
Mann–Whitney U over n·m. Tasks are averaged. Its interval resamples the runs of each task and method apart (rliable's stratified
bootstrap).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facsimile.statistics.estimates import LEVEL, RESAMPLES, Array, Estimate, limits

Runs = NDArray[np.floating]


def probability(
    first: Sequence[Runs],
    second: Sequence[Runs],
    rng: np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """P(a run of ``first`` is higher than one of ``second``), both a list of tasks [n] and [m]; n of the estimate: all runs.

    Higher is taken for better: negate scores of which the lower is. A task that one side lacks is left out.
    """
    tasks = [(a, b) for a, b in zip(first, second, strict=True) if a.size and b.size]
    n = sum(a.size + b.size for a, b in tasks)
    if not tasks:
        return Estimate(np.nan, np.nan, np.nan, 0)
    value = np.mean([_won(a, b, *(np.ones((1, side.size)) for side in (a, b))) for a, b in tasks])
    drawn = np.mean(
        [_won(a, b, *(_counts(side.size, rng, resamples) for side in (a, b))) for a, b in tasks],
        axis=0,
    )
    return Estimate(float(value), *limits(drawn, level), n)


def _won(a: Runs, b: Runs, times_a: Array, times_b: Array) -> Array:
    """Share of pairs [resamples] that ``a`` [n] wins, given how often each run was drawn, [resamples, n] and [resamples, m]."""
    order = np.argsort(b)
    below = np.pad(np.cumsum(times_b[:, order], axis=1), ((0, 0), (1, 0)))
    worse, tied = (np.searchsorted(b[order], a, side=side) for side in ("left", "right"))
    won = (below[:, worse] + below[:, tied]) / 2
    return np.einsum("bn,bn->b", times_a, won) / (a.size * b.size)


def _counts(n: int, rng: np.random.Generator, resamples: int) -> Array:
    """How often each of ``n`` runs is drawn [resamples, n]."""
    drawn = rng.integers(n, size=(resamples, n)) + n * np.arange(resamples)[:, None]
    return (
        np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n).astype(np.float64)
    )
