"""Gaussian data of a known rank: large variance along a few directions, little noise along all."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

LABELS = {
    "linear_rank_3": "Gaussian of rank 3",
    "linear_rank_5": "Gaussian of rank 5",
    "linear_rank_8": "Gaussian of rank 8",
}
WIDTH = 20
# Standard deviations along the first and the last direction; the others are evenly spaced between.
SCALES = (1.5, 1.0)
NOISE = 0.05
SEED = 3
MEMBERS = {
    "linear_rank_3": {"rank": 3},
    "linear_rank_5": {"rank": 5},
    "linear_rank_8": {"rank": 8},
}


class LinearRank(Arrays):
    """2,000 draws of x [20] = z A + 0.05 ε, where z has ``rank`` dimensions.

    Every direction has at least 1 part in 20 of the total variance, so a rule that keeps 99 % of
    the variance must keep all directions.
    """

    rank: ClassVar[int]
    rows = 2000
    shapes: ClassVar = {"x": (WIDTH,)}
    licence = "none needed: generated"
    source = "our own"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        bits = np.random.Philox(key=[SEED, cls.rank])
        random = np.random.Generator(bits)
        axes, _ = np.linalg.qr(random.normal(size=(WIDTH, cls.rank)))
        scales = np.linspace(*SCALES, cls.rank)
        codes = random.normal(size=(cls.rows, cls.rank)) * scales
        noise = NOISE * random.normal(size=(cls.rows, WIDTH))
        x = codes @ axes.T + noise
        return {"x": x.astype(np.float32)}
