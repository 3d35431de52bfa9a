"""Sprites whose size depends on their shape, and orientation on position, or on nothing."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.label_ranks import label_ranks
from facsimile.papers.causal_disent_metrics import sprites
from facsimile.papers.causal_disent_metrics.sprites import SIZES

LABELS = {
    "confounded_sprites": "Confounded sprites",
    "confounded_sprites_16": "Confounded sprites, 16 × 16",
    "independent_sprites": "Independent sprites",
    "independent_sprites_16": "Independent sprites, 16 × 16",
}
MEMBERS = {
    "confounded_sprites": {"side": 64, "confounded": True},
    "confounded_sprites_16": {"side": 16, "confounded": True},
    "independent_sprites": {"side": 64, "confounded": False},
    "independent_sprites_16": {"side": 16, "confounded": False},
}
KEPT = 3  # sizes of each shape, and orientations at each horizontal position


class ConfoundedSprites(Arrays):
    """Sprites of five factors: shape, size, orientation, and horizontal and vertical position.

    In the independent data sets all 5,760 combinations occur. In the confounded ones 1,728 do: a
    shape has three of six sizes and shares one of them with the next shape, as each shape of CANDLE
    has two of five colours in the authors' ``create_dataset_confounding.py``; and at a horizontal
    position, sprites have three of five orientations. The stand-in for CANDLE, whose pictures are
    not at hand.

    ``images``: uint8 [n, side, side, 1]. ``factors``: int64 [n, 5]. ``labels``: float32 [n, 5], the
    factors divided by their numbers of values, as in disentanglement_lib's ``normalize_labels``.
    ``rank``: float32 [n], of ``label_ranks``.
    """

    side: ClassVar[int]
    confounded: ClassVar[bool]
    licence = "MIT, as the code that generates it"
    source = "drawn here, after https://github.com/google-deepmind/dsprites-dataset"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "side"):
            return
        cls.rows = len(combinations(cls.confounded))
        cls.shapes = {
            "images": (cls.side, cls.side, 1),
            "factors": (len(SIZES),),
            "labels": (len(SIZES),),
            "rank": (),
        }

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        factors = combinations(cls.confounded)
        return {
            "images": sprites.drawn(factors, cls.side),
            "factors": factors,
            "labels": (factors / SIZES).astype(np.float32),
            "rank": label_ranks(cls.rows, cls.rows),
        }


def combinations(confounded: bool) -> npt.NDArray[np.int64]:
    """Return the factors of all pictures, int64 [n, 5], in C order."""
    grid = np.indices(SIZES)
    factors = grid.reshape(len(SIZES), -1).T
    if not confounded:
        return factors
    shape, size, orientation, x, _ = factors.T
    first_size = (KEPT - 1) * shape
    first_orientation = x * SIZES[2] // SIZES[3]
    has_size = (size - first_size) % SIZES[1] < KEPT
    has_orientation = (orientation - first_orientation) % SIZES[2] < KEPT
    return factors[has_size & has_orientation]
