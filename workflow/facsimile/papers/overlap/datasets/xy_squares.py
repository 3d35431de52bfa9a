"""XYSquares: three squares of 8 × 8 pixels, one a colour channel, each on an 8 × 8 grid of places."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

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
PLACES = 8
SIDE = 64
# With fewer than 8 pixels between two places, squares overlap their own nearest places
# (Michlo et al. 2023, Fig. 9); ``xy_squares_8`` is ``xy_squares`` under the name of the figure.
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
    """Images whose squares never overlap their own other places, so that every change of a factor changes as many pixels.

    Michlo, Klein and James (2023, "Overlooked implications of the reconstruction loss"). A row is the six places, not pixels.
    ``spacing``: pixels between two places; in the data sets ``xy_squares_1`` to ``xy_squares_7`` squares do overlap their other
    places, and the grid of 8 places is in the middle of the image.
    """

    name = "xy_squares"
    spacing: ClassVar[int] = SQUARE
    factor_names = ("x_red", "y_red", "x_green", "y_green", "x_blue", "y_blue")
    factor_sizes = (PLACES,) * 6
    factor_kinds = ("ordinal",) * 6
    image_shape = (SIDE, SIDE, 3)
    row_shape = (6,)
    licence = "none needed: generated (the authors' generator, nmichlo/disent, is MIT; ours shares no code with it)"
    source = "Michlo et al. 2023; nmichlo/disent, XYSquaresData with its grid_spacing, and a grid_size of 8"

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        first = np.indices(cls.factor_sizes[:3]).reshape(3, -1).T
        rest = np.indices(cls.factor_sizes[3:]).reshape(3, -1).T
        for places in first:
            yield np.hstack([np.broadcast_to(places, rest.shape), rest]).astype(np.uint8)

    def decode(self, rows: Rows) -> Images:
        """Images uint8 [n, 64, 64, 3] of rows [n, 6]: a channel is lit where both of its coordinates fall on its square."""
        first = (SIDE - SQUARE - (PLACES - 1) * self.spacing) // 2 + self.spacing * rows[
            ..., None
        ].astype(np.int64)
        along = (np.arange(SIDE) >= first) & (np.arange(SIDE) < first + SQUARE)
        across, down = along[:, 0::2], along[:, 1::2]
        lit = down[:, :, :, None] & across[:, :, None, :]
        return np.moveaxis(lit, 1, 3).astype(np.uint8) * 255
