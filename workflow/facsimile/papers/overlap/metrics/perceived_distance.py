"""Perceived distance: how far apart two images are for the reconstruction loss, per factor."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile.datasets import Dataset
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "random_mean"
NEEDS = ("images", "grid", "model.no_model")
REFERENCE = (
    "Michlo et al. 2023, Overlooked implications of the reconstruction loss for VAE "
    "disentanglement, Table A1"
)
CONVENTIONS = {
    PAPER: "mean squared error of pixels in [0, 1], over pairs that differ in one factor (in any, "
    "for random)"
}
SCORES = {
    "random_mean": "mean distance of two images drawn independently, squared units of a pixel",
    "random_std": "standard deviation of that distance over pairs",
    "{factor}_mean": "mean distance of two images that differ only in this factor",
    "{factor}_std": "its standard deviation over pairs",
}
# Pairs whose pixels are in memory at once.
BLOCK = 256
Indices = npt.NDArray[np.int64]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""Mean squared distance of images along each factor, as a reconstruction loss perceives it.

    Formula: $\mathbb{E}\big[\frac{1}{|x|} \lVert x - x' \rVert^2\big]$ over pairs $x, x'$ that
    differ in one factor's value; the values of that factor are drawn uniformly and unequal, all
    others are drawn once for both.

    Traps:
    - The two values of a factor may or may not be allowed to be equal: with 8 places this concerns
      one pair in eight. The published deviation of 0.0000 on XYSquares shows that they are unequal.
    - The published table has more sampling error than its 50,000 pairs can explain: by symmetry a
      sprite's x and y have the same distance, and it has 0.0559 and 0.0584.
    - Channels of data that are standardised before training are not in these units.
    """
    data: Dataset = outputs.grid
    factor_names = data.factor_names
    scores: dict[str, float] = {}
    for factor in (None, *range(len(factor_names))):
        if factor is None:
            name, stream = "random", len(factor_names)
        else:
            name, stream = factor_names[factor], factor
        # Each factor has its own stream of random numbers, so that it does not depend on others.
        random = np.random.default_rng([outputs.seed, stream])
        distances = np.concatenate(list(_distances(outputs, data, factor, random)))
        scores[f"{name}_mean"] = float(distances.mean())
        scores[f"{name}_std"] = float(distances.std())
    return scores


def _distances(
    outputs: RunOutputs,
    data: Dataset,
    factor: int | None,
    random: np.random.Generator,
) -> Iterator[npt.NDArray[np.float64]]:
    """Squared distances of as many pairs as the study requests, in blocks."""
    n_pairs, _ = outputs.sizes
    for first in range(0, n_pairs, BLOCK):
        one, other = _pairs(data, factor, min(BLOCK, n_pairs - first), random)
        yield _squared(outputs.images[one], outputs.images[other])


def _pairs(
    data: Dataset,
    factor: int | None,
    n: int,
    random: np.random.Generator,
) -> tuple[Indices, Indices]:
    """Indices of ``n`` pairs of images.

    Without a factor they are independent; else only the values of the factor differ.
    """
    one = random.integers(0, len(data), n)
    if factor is None:
        return one, random.integers(0, len(data), n)
    values = data.factors(one)
    size = data.factor_sizes[factor]
    # An offset of 1 to size - 1 gives each other value with the same probability.
    offset = random.integers(1, size, n)
    values[:, factor] = (values[:, factor] + offset) % size
    return one, data.indices(values)


def _squared(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Mean squared difference of the pixels of each pair [n]."""
    difference = (one - other).reshape(len(one), -1)
    total = np.einsum("np,np->n", difference, difference, dtype=np.float64)
    return total / difference.shape[1]
