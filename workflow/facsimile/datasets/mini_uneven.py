"""Mini-Uneven: 16 × 16 images whose factors change very different numbers of grey levels."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facsimile.datasets.base.file import Rows
from facsimile.datasets.base.stored import Stored

LABEL = "Mini-Uneven"
_SIDE = 16
_WALL = 25 * np.arange(8)  # grey levels of the background
_LAMP = 51 * np.arange(6)  # grey levels of the single pixel


class MiniUneven(Stored):
    """A white square before a grey wall, and a single pixel that shines in a corner.

    The wall's brightness changes nearly every pixel, the square's position and size some, and the
    lamp's brightness one. A model that minimises a sum over pixels learns them in this order, and a
    strong regulariser gives up the lamp first.

    Positions are whole pixels, and the widths of the square 3, 5 and 7. The square never covers
    the lamp, at the top left.
    """

    name = "mini_uneven"
    factor_names = ("wall", "x_position", "y_position", "width", "lamp")
    factor_sizes = (len(_WALL), 8, 8, 3, len(_LAMP))
    factor_kinds = ("ordinal", "ordinal", "ordinal", "ordinal", "ordinal")
    image_shape = (_SIDE, _SIDE, 1)
    licence = "MIT, as the code that generates it"
    source = "generated; of this project"

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield all images in one block."""
        grid = np.indices(cls.factor_sizes)
        wall, x, y, width, lamp = grid.reshape(len(cls.factor_sizes), -1, 1, 1)
        pixel = np.arange(_SIDE)
        half = 1 + width
        right = np.abs(pixel - 5 - x)
        down = np.abs(pixel[:, None] - 5 - y)
        inside = np.maximum(right, down) <= half
        levels = np.where(inside, 255, _WALL[wall])
        images = levels.astype(np.uint8)
        images[:, 0, 0] = _LAMP[lamp.ravel()]
        yield images[..., None]
