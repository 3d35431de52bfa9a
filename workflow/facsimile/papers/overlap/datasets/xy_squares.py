"""XYSquares: three squares of 8 × 8 pixels, one per colour channel, on grids of 8 × 8 positions."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.dataset import Images
from facsimile.datasets.base.file import Rows
from facsimile.datasets.base.stored import Stored

LABELS = {
    "xy_squares": "XYSquares",
    "xy_squares_1": "XYSquares (spacing 1)",
    "xy_squares_2": "XYSquares (spacing 2)",
    "xy_squares_3": "XYSquares (spacing 3)",
    "xy_squares_4": "XYSquares (spacing 4)",
    "xy_squares_5": "XYSquares (spacing 5)",
    "xy_squares_6": "XYSquares (spacing 6)",
    "xy_squares_7": "XYSquares (spacing 7)",
    "xy_squares_8": "XYSquares (spacing 8)",
}
SQUARE = 8  # side in pixels
PLACES = 8  # positions along each axis
SIDE = 64
# With fewer than 8 pixels between two positions, a square overlaps the nearest other positions of
# itself (Michlo et al. 2023, Fig. 9). ``xy_squares_8`` is ``xy_squares``, named as in that figure.
MEMBERS = {
    "xy_squares": {"spacing": 8},
    "xy_squares_1": {"spacing": 1},
    "xy_squares_2": {"spacing": 2},
    "xy_squares_3": {"spacing": 3},
    "xy_squares_4": {"spacing": 4},
    "xy_squares_5": {"spacing": 5},
    "xy_squares_6": {"spacing": 6},
    "xy_squares_7": {"spacing": 7},
    "xy_squares_8": {"spacing": 8},
}


class XYSquares(Stored):
    """Squares that never overlap their own other positions (Michlo, Klein and James 2023).

    So every change of a factor changes the same number of pixels. The paper is "Overlooked
    implications of the reconstruction loss for VAE disentanglement".

    ``spacing``: pixels between two positions. In ``xy_squares_1`` to ``xy_squares_7``, squares do
    overlap their other positions, and the grid of 8 positions is centred in the image.

    A row of the file holds the six positions, not pixels.
    """

    name = "xy_squares"
    spacing: ClassVar[int] = SQUARE
    factor_names = ("x_red", "y_red", "x_green", "y_green", "x_blue", "y_blue")
    factor_sizes = (PLACES,) * 6
    factor_kinds = ("ordinal",) * 6
    image_shape = (SIDE, SIDE, 3)
    row_shape = (6,)
    licence = (
        "none needed: generated "
        "(the authors' generator, nmichlo/disent, is MIT; ours shares no code with it)"
    )
    source = (
        "Michlo et al. 2023; nmichlo/disent, "
        "XYSquaresData with its grid_spacing, and a grid_size of 8"
    )

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield 512 rows at a time: all positions of the last three factors."""
        first = _combinations(cls.factor_sizes[:3])
        last = _combinations(cls.factor_sizes[3:])
        for values in first:
            repeated = np.broadcast_to(values, last.shape)
            block = np.hstack([repeated, last])
            yield block.astype(np.uint8)

    def decode(self, rows: Rows) -> Images:
        """Images uint8 [n, 64, 64, 3] of rows [n, 6].

        A pixel of a channel is lit if both of its coordinates are within the channel's square.
        """
        # Of each coordinate, the first pixel of the square: [n, 6, 1].
        places = rows[..., None].astype(np.int64)
        extent = SQUARE + (PLACES - 1) * self.spacing
        first = (SIDE - extent) // 2 + self.spacing * places
        pixel = np.arange(SIDE)
        within = (pixel >= first) & (pixel < first + SQUARE)
        across = within[:, 0::2]
        down = within[:, 1::2]
        lit = down[:, :, :, None] & across[:, :, None, :]
        images = np.moveaxis(lit, 1, 3)
        return images.astype(np.uint8) * 255


def _combinations(sizes: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """All combinations of factor values in C order, [n, k]."""
    return np.indices(sizes).reshape(len(sizes), -1).T
