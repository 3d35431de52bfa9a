"""Arrow: an arrow of each direction and hue, in pairs of known transformation."""

import colorsys
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.papers.lsbd.datasets._pairs import Pairs, Pictures

LABELS = {"arrow": "Arrow", "arrow_16": "Arrow, 16 × 16"}
MEMBERS = {
    "arrow": {"side": 64, "values": 64},
    "arrow_16": {"side": 16, "values": 16},
}
SAMPLES = 4  # points per pixel along each axis
# The arrow that points to the right, where the picture reaches from -1 to 1. No point is on
# an edge, where rounding would decide.
TAIL, NECK, TIP = -0.79, 0.13, 0.81
SHAFT, HEAD = 0.16, 0.52  # half of the width


class Arrow(Pairs):
    """A coloured arrow on black: the factors are its direction and its hue.

    Drawn by us: the picture that the authors rotate is not in their repository. ``arrow`` has 64
    directions, 64 hues and 64 × 64 pixels, as in the paper; ``arrow_16`` 16 of each.
    """

    channels: ClassVar[int] = 3
    licence = "none needed: generated"
    source = (
        "our own picture, after Tonnaer et al. 2022 and luis-armando-perez-rey/lsbd-vae at "
        "bc725a4, data set arrow"
    )

    @classmethod
    def draw(cls) -> Pictures:
        hues = np.arange(cls.values) / cls.values
        colours = np.array([colorsys.hsv_to_rgb(hue, 1.0, 1.0) for hue in hues])
        shape = (cls.values, cls.values, cls.side, cls.side, 3)
        pictures = np.empty(shape, np.uint8)
        for direction in range(cls.values):
            lit = covered(2 * np.pi * direction / cls.values, cls.side)
            coloured = lit[None, :, :, None] * colours[:, None, None]
            pictures[direction] = np.round(255 * coloured)
        return pictures


def covered(angle: float, side: int) -> npt.NDArray[np.float64]:
    """Share [side, side] of each pixel that the arrow covers, turned anticlockwise by ``angle``."""
    points = (2 * np.arange(side * SAMPLES) + 1) / (side * SAMPLES) - 1
    # Rows run downwards.
    x, y = points[None, :], -points[:, None]
    along = x * np.cos(angle) + y * np.sin(angle)
    beside = np.abs(y * np.cos(angle) - x * np.sin(angle))
    in_shaft = (along >= TAIL) & (along <= NECK) & (beside <= SHAFT)
    width = HEAD * (TIP - along) / (TIP - NECK)
    in_head = (along >= NECK) & (along <= TIP) & (beside <= width)
    inside = in_shaft | in_head
    blocks = inside.reshape(side, SAMPLES, side, SAMPLES)
    return np.asarray(blocks.mean(axis=(1, 3)))
