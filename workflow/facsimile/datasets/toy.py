"""384 small images, generated in well under a second: for tests, and to try things out."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facsimile.datasets.base.file import Rows
from facsimile.datasets.base.stored import Stored

_SIDE = 64


class Toy(Stored):
    """A square or a disc with a soft edge, in three sizes, on a grid of 8 × 8 positions.

    Shapes are white on black, with grey levels at their edge.
    """

    name = "toy"
    factor_names = ("shape", "size", "x_position", "y_position")
    factor_sizes = (2, 3, 8, 8)
    factor_kinds = ("categorical", "ordinal", "ordinal", "ordinal")
    image_shape = (_SIDE, _SIDE, 1)
    licence = "MIT, as the code that generates it"
    source = "generated; of this project"

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield all images in one block."""
        # The values of each factor in all images, [384, 1, 1].
        grid = np.indices(cls.factor_sizes)
        shape, size, x, y = grid.reshape(len(cls.factor_sizes), -1, 1, 1)
        pixel = np.arange(_SIDE) + 0.5
        right = np.abs(pixel[None, None] - 11 - 6 * x)
        down = np.abs(pixel[None, :, None] - 11 - 6 * y)
        from_square = np.maximum(right, down)
        from_disc = np.sqrt(right**2 + down**2)
        distance = np.where(shape == 0, from_square, from_disc)
        # The share of each pixel that the shape covers: falls from 1 to 0 over one pixel.
        covered = np.clip(4.25 + 2 * size - distance, 0, 1)
        images = np.rint(255 * covered).astype(np.uint8)
        yield images[..., None]
