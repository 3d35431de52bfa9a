"""Mutual information of latents and factors, in nats: 20 equal-width bins a latent, on the range of its sample."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics._draws import Draws, Points

BINS = 20
# Independent variables leave rounding of this size, of either sign; old versions of sklearn kept it, new ones cut it to zero.
ROUNDING = 1e-12


class Information(NamedTuple):
    """Mutual information [d, k] of each latent with each factor, and the factors' entropies [k]."""

    matrix: npt.NDArray[np.float64]
    entropies: npt.NDArray[np.float64]


def of(draws: Draws, exact: bool = False) -> Information:
    """Of the training points, or with ``exact`` of every row of the table; made once for all metrics that ask.

    Raises ValueError if ``exact`` is asked of given points, which have no table.
    """
    if exact and draws.table is None:
        raise ValueError("convention 'exact' enumerates a whole table; call facsimile.score with one, not score_draws")
    points = draws.table if exact and draws.table is not None else draws.train
    return draws.shared(("mutual information", exact), lambda: _information(points, draws.sizes))


def between_codes(draws: Draws) -> npt.NDArray[np.float64]:
    """Mutual information [d, d] of the binned latents with one another, in the training points."""
    bins = [binned(code) for code in draws.train.codes.T]
    return np.array([[mutual_information(one, BINS, other, BINS) for other in bins] for one in bins])


def binned(code: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Bin 0..19 of each value.

    numpy computes the edges in the type of the data, and the reference's latents are float32: values near an edge fall by
    its rounding (Modularity moves by up to 2e-4). A constant code falls into one bin.
    """
    edges = np.histogram_bin_edges(code, BINS)
    return np.digitize(code, edges[:-1]) - 1


def mutual_information(one: npt.NDArray[np.int64], ones: int, other: npt.NDArray[np.int64], others: int) -> float:
    """Of two discrete variables with values 0..ones-1 and 0..others-1; rounding below 1e-12 is zero."""
    counts = np.bincount(one * others + other, minlength=ones * others).reshape(ones, others)
    joint = counts / counts.sum()
    independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    found = float((joint[there] * np.log(joint[there] / independent[there])).sum())
    return found if found > ROUNDING else 0.0


def entropy(values: npt.NDArray[np.int64]) -> float:
    """Entropy of a discrete variable, in nats."""
    share = np.bincount(values) / len(values)
    return float(-(share[share > 0] * np.log(share[share > 0])).sum())


def _information(points: Points, sizes: tuple[int, ...]) -> Information:
    bins = [binned(code) for code in points.codes.T]
    factors = list(zip(points.factors.T, sizes, strict=True))
    matrix = [[mutual_information(code, BINS, values, size) for values, size in factors] for code in bins]
    return Information(np.array(matrix), np.array([entropy(values) for values, _ in factors]))
