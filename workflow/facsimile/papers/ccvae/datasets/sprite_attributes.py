"""Generated pictures with four binary labels, a stand-in for faces with binary attributes."""

import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.ccvae.datasets import _split

LABEL = "Sprite attributes"
SEED = 0
SIDE = 28
SUBPIXELS = 3  # per pixel and direction, so that edges are grey
ATTRIBUTES = ("square", "large", "left", "top")
# Ranges in pixels for values of 0 and 1 of an attribute; within them, values are uniform.
Ranges = tuple[tuple[float, float], tuple[float, float]]
RADIUS = ((3.0, 4.5), (5.0, 6.5))
X = ((15.0, 20.0), (8.0, 13.0))
Y = ((15.0, 20.0), (8.0, 13.0))
Floats = npt.NDArray[np.float64]


class SpriteAttributes(Arrays):
    """A white square or disc on black, of which four attributes are labelled.

    Each attribute is 1 with probability 1/2, whatever the others are. Size, place and, of a square,
    orientation vary within an attribute: they are its characteristics. The size of a square is that
    of a disc of the same area.

    ``images``: uint8 [n, 28, 28, 1]. ``targets``: int64 [n, 4], the attributes square, large, left
    and top. ``part`` and ``rank`` as in MNIST (``mnist_split``).
    """

    name = "sprite_attributes"
    rows = 3000
    shapes: ClassVar = {
        "images": (SIDE, SIDE, 1),
        "targets": (len(ATTRIBUTES),),
        "part": (),
        "rank": (),
    }
    licence = "MIT"
    source = "drawn here"

    @classmethod
    def training_rows(cls) -> int:
        """Number of rows for training, which come first."""
        return _split.sizes(cls.rows)[0]

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=SEED))
        shape = (cls.rows, len(ATTRIBUTES))
        targets = random.integers(0, 2, shape)
        square, large, left, top = targets.T
        radius = _within(RADIUS, large, random)
        x = _within(X, left, random)
        y = _within(Y, top, random)
        angle = random.uniform(0, math.pi / 2, cls.rows)
        drawn = []
        for sprite in zip(x, y, radius, angle, square, strict=True):
            is_inside = _inside(*sprite)
            drawn.append(np.round(255 * _averaged(is_inside)))
        images = np.stack(drawn).astype(np.uint8)
        arrays = {"images": images[..., None], "targets": targets}
        return _split.split(arrays, cls.rows)


def _within(
    ranges: Ranges,
    attribute: npt.NDArray[np.int64],
    random: np.random.Generator,
) -> Floats:
    """Uniform values [n], each in the range of its attribute [n]."""
    low, high = np.array(ranges)[attribute].T
    drawn: Floats = random.uniform(low, high)
    return drawn


def _inside(
    x: float,
    y: float,
    radius: float,
    angle: float,
    is_square: int,
) -> npt.NDArray[np.bool_]:
    """Which subpixels are inside a sprite, bool [rows, columns]."""
    centres = (np.arange(SIDE * SUBPIXELS) + 0.5) / SUBPIXELS
    right = centres[None, :] - x
    down = centres[:, None] - y
    if not is_square:
        return right**2 + down**2 < radius**2
    half_side = radius * math.sqrt(math.pi) / 2
    cos, sin = math.cos(angle), math.sin(angle)
    along = cos * right + sin * down
    across = cos * down - sin * right
    return np.maximum(np.abs(along), np.abs(across)) < half_side


def _averaged(is_inside: npt.NDArray[np.bool_]) -> Floats:
    """Share of each pixel that is inside, [rows, columns]."""
    blocks = is_inside.reshape(SIDE, SUBPIXELS, SIDE, SUBPIXELS)
    return blocks.mean(axis=(1, 3))
