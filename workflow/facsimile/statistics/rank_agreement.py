"""Agreement of scores: Spearman's correlation of pairs of scores, with resamples of the runs."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facsimile.statistics.estimates import CORRELATION_RUNS, RESAMPLES, Array, ranks

# Numbers in memory at once: 16 MiB.
_BLOCK = 2**21
Pair = tuple[int, int]


def pairs(first: int, second: int = 0) -> list[Pair]:
    """Return all pairs of the first ``first`` columns.

    With ``second``, return the pairs of each of them with each of the ``second`` columns that
    follow.
    """
    if not second:
        return list(itertools.combinations(range(first), 2))
    others = range(first, first + second)
    return list(itertools.product(range(first), others))


def correlations(
    values: NDArray[np.floating],
    column_pairs: Sequence[Pair],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> tuple[Array, Array]:
    """Return Spearman's correlations of p pairs of columns of ``values`` [n, m].

    Returns the correlations [p] over all n runs, and those in every resample of the runs [p, b].
    NaN for fewer than three runs, and where a column is constant, even if only in one resample.
    """
    n = values.shape[0]
    if n < CORRELATION_RUNS:
        undefined = np.full(len(column_pairs), np.nan)
        return undefined, np.full((len(column_pairs), resamples), np.nan)
    columns = list(np.asarray(values, dtype=np.float64).T)
    probabilities = np.full(n, 1 / n)
    block = max(1, _BLOCK // (n * len(columns)))
    blocks: list[Array] = []
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        counts = rng.multinomial(n, probabilities, size)
        blocks.append(_weighted(columns, column_pairs, counts))
    # Every run once: the correlations without resampling.
    value = _weighted(columns, column_pairs, np.ones((1, n)))
    return value[:, 0], np.concatenate(blocks, axis=1)


def _weighted(
    columns: list[Array],
    column_pairs: Sequence[Pair],
    counts: NDArray[np.number],
) -> Array:
    """Return the correlations [p, b]; ``counts`` [b, n] is how often each run was drawn."""
    weights = counts.astype(np.float64)
    number = weights.sum(axis=1, keepdims=True)
    centre = (number + 1) / 2
    centred = [ranks(column, weights) - centre for column in columns]
    lengths = [np.sqrt(_product(weights, column, column)) for column in centred]
    results: list[Array] = []
    for i, j in column_pairs:
        covariance = _product(weights, centred[i], centred[j])
        scale = lengths[i] * lengths[j]
        undefined = np.full_like(covariance, np.nan)
        correlation = np.divide(covariance, scale, out=undefined, where=scale > 0)
        results.append(correlation)
    return np.stack(results)


def _product(weights: Array, a: Array, b: Array) -> Array:
    """Return the weighted scalar product [b] of rows."""
    return np.einsum("bn,bn,bn->b", weights, a, b)
