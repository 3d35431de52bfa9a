"""A few hundred small images, made in well under a second: for tests, and to try things out."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facsimile.datasets.base.file import Rows
from facsimile.datasets.base.stored import Stored

_SIDE = 64


class Toy(Stored):
    """A soft-edged square or disc, grey between black and white at its edge, of three sizes on a grid of 8 × 8 places."""

    name = "toy"
    factor_names = ("shape", "size", "x_position", "y_position")
    factor_sizes = (2, 3, 8, 8)
    factor_kinds = ("categorical", "ordinal", "ordinal", "ordinal")
    image_shape = (_SIDE, _SIDE, 1)
    licence = "MIT, as the code that generates it"
    source = "generated; of this project"

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """All images in one block."""
        shape, size, x, y = np.indices(cls.factor_sizes).reshape(len(cls.factor_sizes), -1, 1, 1)
        pixel = np.arange(_SIDE) + 0.5
        right, down = (
            np.abs(pixel[None, None] - 11 - 6 * x),
            np.abs(pixel[None, :, None] - 11 - 6 * y),
        )
        distance = np.where(shape == 0, np.maximum(right, down), np.sqrt(right**2 + down**2))
        covered = np.clip(4.25 + 2 * size - distance, 0, 1)
        yield np.rint(255 * covered).astype(np.uint8)[..., None]
