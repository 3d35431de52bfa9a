"""Mutual information of binned codes and factors, from counts."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics._draws import Draws

Matrix = npt.NDArray[np.float64]
BINS = 20


def matrix(draws: Draws) -> tuple[Matrix, Matrix]:
    """Mutual information [d, k] of codes (in 20 bins) and factors of the training draws, and the factors' entropies [k]; nats."""
    return draws.shared("mutual information", lambda: _matrix(draws))


def _matrix(draws: Draws) -> tuple[Matrix, Matrix]:
    codes, factors = draws.train
    binned = [discretise(column) for column in codes.T]
    found = np.array([[mutual_information(code, factor) for factor in factors.T] for code in binned])
    return found, np.array([entropy(np.bincount(factor)) for factor in factors.T])


def discretise(column: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Bin 1..20 of each value: equal widths over the sample's own range, edges in float32 as the reference has them."""
    edges = np.histogram_bin_edges(column, BINS)[:-1]
    return np.digitize(column, edges)


def mutual_information(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> float:
    """Mutual information in nats of two columns of small non-negative integers; never below 0."""
    width = int(b.max()) + 1
    joint = np.bincount(a * width + b, minlength=(int(a.max()) + 1) * width).reshape(-1, width)
    return max(0.0, entropy(joint.sum(1)) + entropy(joint.sum(0)) - entropy(joint.ravel()))


def entropy(counts: npt.NDArray[np.int64]) -> float:
    """Entropy in nats of a distribution given by counts."""
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())
