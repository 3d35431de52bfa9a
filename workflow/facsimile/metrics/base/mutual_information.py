"""Mutual information of binned codes and factors, from counts."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.draws import Draws, Sample

Integers = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float64]
BINS = 20


def matrix(draws: Draws, exact: bool = False) -> tuple[Matrix, Matrix]:
    """Mutual information [d, k] of codes (in 20 bins) and factors; entropies [k] of the factors.

    Both are in nats, over the training points or, if ``exact``, over every row of the table.
    ``exact`` raises ValueError if there is no table.
    """
    points = draws.train
    if exact:
        table = draws.whole("convention 'exact'")
        points = Sample(table.codes, table.factors)
    return draws.shared(("mutual information", exact), lambda: _matrix(points))


def between_codes(draws: Draws) -> Matrix:
    """Mutual information [d, d] of the training points' codes with each other, in 20 bins; nats."""
    binned = [discretise(column) for column in draws.train.codes.T]
    return _pairwise(binned, binned)


def _matrix(points: Sample) -> tuple[Matrix, Matrix]:
    # Contiguous columns, because each factor is read once per code.
    factors = list(np.ascontiguousarray(points.factors.T))
    binned = [discretise(column) for column in points.codes.T]
    entropies = [entropy(np.bincount(factor)) for factor in factors]
    return _pairwise(binned, factors), np.array(entropies)


def _pairwise(rows: list[Integers], columns: list[Integers]) -> Matrix:
    """Mutual information of each variable of ``rows`` with each of ``columns``; nats."""
    values = np.empty((len(rows), len(columns)))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            values[i, j] = mutual_information(row, column)
    return values


def discretise(column: npt.NDArray[np.floating]) -> Integers:
    """Bin 1 to 20 of each value: equal widths over the range of the sample.

    The edges have the type of the values, as in the reference (float32 for codes).
    """
    column = np.ascontiguousarray(column)
    low, high = column.min(), column.max()
    # As numpy.histogram of 2019; today's refuses a latent so nearly constant that float32 has no 20
    # steps in its range.
    if low == high:
        low, high = low - np.float32(0.5), high + np.float32(0.5)
    edges = np.linspace(low, high, BINS + 1, dtype=column.dtype)
    # Twenty passes of comparisons give what np.digitize gives, five times as fast as its searches.
    bins = np.zeros(len(column), np.uint8)
    for edge in edges[:-1]:
        bins += column >= edge
    return bins.astype(np.int64)


def mutual_information(a: Integers, b: Integers) -> float:
    """Mutual information in nats of two columns of small non-negative integers; never below 0."""
    width = int(b.max()) + 1
    height = int(a.max()) + 1
    counts = np.bincount(a * width + b, minlength=height * width)
    joint = counts.reshape(-1, width)
    entropy_a, entropy_b = entropy(joint.sum(1)), entropy(joint.sum(0))
    # Rounding may make it slightly negative.
    return max(0.0, entropy_a + entropy_b - entropy(counts))


def entropy(counts: Integers) -> float:
    """Entropy in nats of a distribution given by counts."""
    p = counts[counts > 0] / counts.sum()  # 0 log 0 is 0
    return float(-(p * np.log(p)).sum())
