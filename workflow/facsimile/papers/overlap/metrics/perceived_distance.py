"""Perceived distance: how far apart two images are to the reconstruction loss, a factor at a time."""

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
REFERENCE = "Michlo et al. 2023, Overlooked implications of the reconstruction loss for VAE disentanglement, Table A1"
CONVENTIONS = {
    PAPER: "mean squared error of pixels in [0, 1], of pairs that differ in one factor (in any, for random)"
}
SCORES = {
    "random_mean": "mean distance of two images drawn independently, squared units of a pixel",
    "random_std": "standard deviation of that distance over pairs",
    "{factor}_mean": "mean distance of two images that differ in this factor alone",
    "{factor}_std": "its standard deviation over pairs",
}
BLOCK = 256  # pairs whose pixels are held at once
Indices = npt.NDArray[np.int64]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""Mean squared distance of images along each factor: what a reconstruction loss sees of that factor.

    Formula: $\mathbb{E}\big[\frac{1}{|x|} \lVert x - x' \rVert^2\big]$ over pairs $x, x'$ that differ in one factor's value,
    the values of that factor drawn uniformly and unequal, all others drawn once for both.

    Traps:
    - Values of one factor may be drawn equal or unequal: of 8 places this is one pair in eight. The published deviation of
      0.0000 on XYSquares says that they are unequal.
    - The published table has more sampling error than its 50,000 pairs allow: by symmetry a sprite's x and y are equally far,
      and it has 0.0559 and 0.0584.
    - Channels of data that are standardised before training are not in these units.
    """
    data: Dataset = outputs.grid
    found: dict[str, float] = {}
    for factor in (None, *range(len(data.factor_names))):
        random = np.random.default_rng(
            [outputs.seed, len(data.factor_names) if factor is None else factor]
        )
        distances = np.concatenate(list(_distances(outputs, data, factor, random)))
        name = "random" if factor is None else data.factor_names[factor]
        found |= {f"{name}_mean": float(distances.mean()), f"{name}_std": float(distances.std())}
    return found


def _distances(
    outputs: RunOutputs, data: Dataset, factor: int | None, random: np.random.Generator
) -> Iterator[npt.NDArray[np.float64]]:
    """Squared distances of as many pairs as the study asks for, block by block."""
    pairs = outputs.sizes[0]
    for first in range(0, pairs, BLOCK):
        one, two = _pair(data, factor, min(BLOCK, pairs - first), random)
        yield _squared(outputs.images[one], outputs.images[two])


def _pair(
    data: Dataset, factor: int | None, n: int, random: np.random.Generator
) -> tuple[Indices, Indices]:
    """Indices of ``n`` pairs: independent, or with unequal values of one factor and equal ones of all others."""
    one = random.integers(0, len(data), n)
    if factor is None:
        return one, random.integers(0, len(data), n)
    values, size = data.factors(one), data.factor_sizes[factor]
    values[:, factor] = (values[:, factor] + random.integers(1, size, n)) % size
    return one, data.indices(values)


def _squared(one: npt.NDArray[Any], two: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    difference = (one - two).reshape(len(one), -1)
    return np.einsum("np,np->n", difference, difference, dtype=np.float64) / difference.shape[1]
