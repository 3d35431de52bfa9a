"""Pictures on a torus of two cyclic factors, in pairs whose transformation is known."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

Pictures = npt.NDArray[np.uint8]
SEED = 0


class Pairs(Arrays):
    """All pictures of two cyclic factors with ``values`` values each, divided into random pairs.

    Each picture is in one pair. A model may use the labels of the first pairs alone: those whose
    ``rank`` is at most the share of labelled pairs.

    Arrays, with one row per picture, in C order of the factors:

    - ``images``: uint8 [side, side, channels].
    - ``factors``: int64 [2], each from 0 to ``values`` - 1; value v stands for the angle 2 π v /
      ``values``.
    - ``angles``: float32 [2], these angles.
    - ``partner_images`` and ``partner_angles``: those of the other picture of the pair.
    - ``rank``: float32, the same for both pictures: (i + 1) / (number of pairs) for pair i.

    A subclass must set ``name``, ``licence``, ``source`` and ``channels`` and implement ``draw``.
    """

    side: ClassVar[int]
    values: ClassVar[int]
    channels: ClassVar[int]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "side"):
            return
        picture = (cls.side, cls.side, cls.channels)
        cls.rows = cls.values**2
        cls.shapes = {
            "images": picture,
            "factors": (2,),
            "angles": (2,),
            "partner_images": picture,
            "partner_angles": (2,),
            "rank": (),
        }

    @classmethod
    @abstractmethod
    def draw(cls) -> Pictures:
        """All pictures, uint8 [values, values, side, side, channels]."""

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        images = cls.draw().reshape(cls.rows, cls.side, cls.side, cls.channels)
        grid = np.indices((cls.values, cls.values))
        factors = grid.reshape(2, -1).T
        angles = (2 * np.pi / cls.values * factors).astype(np.float32)
        partner, rank = cls._paired()
        return {
            "images": images,
            "factors": factors,
            "angles": angles,
            "partner_images": images[partner],
            "partner_angles": angles[partner],
            "rank": rank.astype(np.float32),
        }

    @classmethod
    def _paired(cls) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Row of each picture's partner, and rank of each picture's pair; [rows] each."""
        random = np.random.Generator(np.random.Philox(key=SEED))
        pairs = random.permutation(cls.rows).reshape(-1, 2)
        first, second = pairs.T
        ranks = (1 + np.arange(len(pairs))) / len(pairs)
        partner = np.empty(cls.rows, np.int64)
        partner[first], partner[second] = second, first
        rank = np.empty(cls.rows)
        rank[first] = rank[second] = ranks
        return partner, rank
