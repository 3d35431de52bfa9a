"""Probability of improvement: how often a run of one method beats a run of another (Agarwal et al. 2021, section 4.3).

Per task (here: per data set) it is the share of pairs of runs in which the first is better, ties counting half: the
Mann–Whitney U over n·m. Tasks are averaged. Its interval resamples the runs of each task and method apart (rliable's stratified
bootstrap).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facsimile.statistics import LEVEL, RESAMPLES, Array, Estimate, limits

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
    wins = [_wins(a, b) for a, b in tasks]
    drawn = np.mean([_drawn(matrix, rng, resamples) for matrix in wins], axis=0)
    return Estimate(float(np.mean([matrix.mean() for matrix in wins])), *limits(drawn, level), n)


def _wins(a: Runs, b: Runs) -> Array:
    """Who wins [n, m]: 1, 0, or ½ for a tie."""
    return (np.sign(a[:, None] - b[None, :]) + 1) / 2


def _drawn(wins: Array, rng: np.random.Generator, resamples: int) -> Array:
    """The mean of ``wins`` in each resample [b] of rows and columns."""
    rows, columns = (rng.multinomial(size, np.full(size, 1 / size), resamples) / size for size in wins.shape)
    return np.einsum("bm,bm->b", rows @ wins, columns)
