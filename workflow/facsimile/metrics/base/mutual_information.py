"""Mutual information of binned codes and factors, from counts."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.draws import Draws, Sample

Matrix = npt.NDArray[np.float64]
BINS = 20


def matrix(draws: Draws, exact: bool = False) -> tuple[Matrix, Matrix]:
    """Mutual information [d, k] of codes (in 20 bins) and factors of the training draws, and the factors' entropies [k]; nats.

    ``exact``: of every row of the table; raises ValueError if only draws were given.
    """
    table = draws.whole("convention 'exact'") if exact else None
    points = Sample(table.codes, table.factors) if table else draws.train
    return draws.shared(("mutual information", exact), lambda: _matrix(points))


def between_codes(draws: Draws) -> Matrix:
    """Mutual information [d, d] of the training draws' codes with one another, in 20 bins; nats."""
    binned = [discretise(column) for column in draws.train.codes.T]
    return np.array([[mutual_information(one, other) for other in binned] for one in binned])


def _matrix(points: Sample) -> tuple[Matrix, Matrix]:
    factors = np.ascontiguousarray(points.factors.T)  # each is read once a code
    binned = map(discretise, points.codes.T)
    found = np.array([[mutual_information(code, factor) for factor in factors] for code in binned])
    return found, np.array([entropy(np.bincount(factor)) for factor in factors])


def discretise(column: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Bin 1..20 of each value: equal widths over the sample's own range, edges in float32 as the reference has them."""
    column = np.ascontiguousarray(column)
    low, high = column.min(), column.max()
    if low == high:
        low, high = low - np.float32(0.5), high + np.float32(0.5)
    # As numpy.histogram of 2019; today's refuses a latent so nearly constant that float32 has no 20 steps in its range.
    # Twenty passes of comparisons answer what np.digitize does, five times as fast as its searches.
    found = np.zeros(len(column), np.uint8)
    for edge in np.linspace(low, high, BINS + 1, dtype=column.dtype)[:-1]:
        found += column >= edge
    return found.astype(np.int64)


def mutual_information(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> float:
    """Mutual information in nats of two columns of small non-negative integers; never below 0."""
    width = int(b.max()) + 1
    joint = np.bincount(a * width + b, minlength=(int(a.max()) + 1) * width).reshape(-1, width)
    return max(0.0, entropy(joint.sum(1)) + entropy(joint.sum(0)) - entropy(joint.ravel()))


def entropy(counts: npt.NDArray[np.int64]) -> float:
    """Entropy in nats of a distribution given by counts."""
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())
