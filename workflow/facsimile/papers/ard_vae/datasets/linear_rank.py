"""What Gaussian data of a known rank share: few directions in which they vary much, and a little noise in all."""

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
SCALES = (
    1.5,
    1.0,
)  # standard deviation along the first and the last direction, the others between them
NOISE = 0.05
SEED = 3
MEMBERS = {"linear_rank_3": {"rank": 3}, "linear_rank_5": {"rank": 5}, "linear_rank_8": {"rank": 8}}


class LinearRank(Arrays):
    """2,000 draws of x [20] = z A + 0.05 ε, z of ``rank`` dimensions.

    No direction varies by less than 1 part in 20 of the whole, so that a rule of 99 % must keep all of them.
    """

    rank: ClassVar[int]
    rows = 2000
    shapes: ClassVar = {"x": (WIDTH,)}
    licence = "none needed: generated"
    source = "our own"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=[SEED, cls.rank]))
        axes = np.linalg.qr(random.normal(size=(WIDTH, cls.rank)))[0]
        codes = random.normal(size=(cls.rows, cls.rank)) * np.linspace(*SCALES, cls.rank)
        return {
            "x": (codes @ axes.T + NOISE * random.normal(size=(cls.rows, WIDTH))).astype(np.float32)
        }
