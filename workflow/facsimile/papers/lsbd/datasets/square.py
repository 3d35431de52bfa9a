"""Square: a white square at each of its cyclic shifts, in pairs of known transformation."""

from typing import ClassVar

import numpy as np

from facsimile.papers.lsbd.datasets._pairs import Pairs, Pictures

LABELS = {"square": "Square", "square_16": "Square, 16 × 16"}
MEMBERS = {
    "square": {"side": 64, "values": 64},
    "square_16": {"side": 16, "values": 16},
}
FRACTION = 4  # the square's side is this part of the picture's


class Square(Pairs):
    """A white square on black, shifted by every number of pixels down and across.

    It leaves the picture on one side and enters it on the other. In ``square`` the picture has 64 ×
    64 pixels and the square 16 × 16, as in the paper; ``square_16`` is a small world of the same
    kind, a square of 4 × 4 pixels.
    """

    channels: ClassVar[int] = 1
    licence = "none needed: generated"
    source = "Tonnaer et al. 2022; luis-armando-perez-rey/lsbd-vae at bc725a4, data set pixel16"

    @classmethod
    def draw(cls) -> Pictures:
        first = np.zeros((cls.side, cls.side), np.uint8)
        width = cls.side // FRACTION
        first[:width, :width] = 255
        step = cls.side // cls.values
        pictures = np.empty((cls.values, cls.values, cls.side, cls.side), np.uint8)
        for down, across in np.ndindex(cls.values, cls.values):
            shifts = (step * down, step * across)
            pictures[down, across] = np.roll(first, shifts, axis=(0, 1))
        return pictures[..., None]
