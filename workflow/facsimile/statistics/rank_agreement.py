"""How far scores rank models alike: Spearman's correlation of pairs of scores, resampled over the same runs."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facsimile.statistics.estimates import CORRELATION_RUNS, RESAMPLES, Array, ranks

_BLOCK = 2**21
Pair = tuple[int, int]


def pairs(first: int, second: int = 0) -> list[Pair]:
    """Every two of the first ``first`` columns; with ``second``, each of them with each of the ``second`` that follow."""
    if not second:
        return list(itertools.combinations(range(first), 2))
    return list(itertools.product(range(first), range(first, first + second)))


def correlations(
    values: NDArray[np.floating],
    wanted: Sequence[Pair],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> tuple[Array, Array]:
    """Spearman's correlation [p] of pairs of columns of ``values`` [n, m], and each in every resample of the runs [p, b].

    NaN for fewer than three runs, and where a column is constant, be it in one resample alone.
    """
    n = values.shape[0]
    if n < CORRELATION_RUNS:
        return np.full(len(wanted), np.nan), np.full((len(wanted), resamples), np.nan)
    columns = list(np.asarray(values, dtype=np.float64).T)
    block = max(1, _BLOCK // (n * len(columns)))
    sizes = [min(block, resamples - done) for done in range(0, resamples, block)]
    drawn = [
        _weighted(columns, wanted, rng.multinomial(n, np.full(n, 1 / n), size)) for size in sizes
    ]
    return _weighted(columns, wanted, np.ones((1, n)))[:, 0], np.concatenate(drawn, axis=1)


def _weighted(columns: list[Array], wanted: Sequence[Pair], counts: NDArray[np.number]) -> Array:
    """The correlations [p, b], given how often each resample drew each run, ``counts`` [b, n]."""
    weights = counts.astype(np.float64)
    centre = (weights.sum(axis=1, keepdims=True) + 1) / 2
    ranked = [ranks(column, weights) - centre for column in columns]
    scale = [np.sqrt(np.einsum("bn,bn,bn->b", weights, r, r)) for r in ranked]
    found = []
    for i, j in wanted:
        cross, size = np.einsum("bn,bn,bn->b", weights, ranked[i], ranked[j]), scale[i] * scale[j]
        found.append(np.divide(cross, size, out=np.full_like(cross, np.nan), where=size > 0))
    return np.stack(found)
