"""Generated pictures with four binary labels, a stand-in for faces with binary attributes."""

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
ATTRIBUTES = ("hollow", "large", "left", "top")
# Ranges for values of 0 and 1 of an attribute, in pixels; within them, values are uniform.
Ranges = tuple[tuple[float, float], tuple[float, float]]
RADIUS = ((3.0, 4.5), (5.0, 6.5))
X = ((15.0, 20.0), (8.0, 13.0))
Y = ((15.0, 20.0), (8.0, 13.0))
# Radius of the hole, as a share of that of the sprite.
HOLE = ((0.0, 0.0), (0.5, 0.7))
Floats = npt.NDArray[np.float64]


class SpriteAttributes(Arrays):
    """A white disc or ring on black, of which four attributes are labelled.

    Each attribute is 1 with probability 1/2, whatever the others are. Size, place and, of a ring,
    width vary within an attribute: they are its characteristics.

    ``images``: uint8 [n, 28, 28, 1]. ``targets``: int64 [n, 4], the attributes hollow, large, left
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
        hollow, large, left, top = targets.T
        radius = _within(RADIUS, large, random)
        x = _within(X, left, random)
        y = _within(Y, top, random)
        hole = radius * _within(HOLE, hollow, random)
        drawn = []
        for sprite in zip(x, y, radius, hole, strict=True):
            is_inside = _inside(*sprite)
            drawn.append(np.round(255 * _averaged(is_inside)))
        images = np.stack(drawn).astype(np.uint8)
        arrays: dict[str, npt.NDArray[Any]] = {"images": images[..., None], "targets": targets}
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
    hole: float,
) -> npt.NDArray[np.bool_]:
    """Which subpixels are inside a sprite, bool [rows, columns]."""
    centres = (np.arange(SIDE * SUBPIXELS) + 0.5) / SUBPIXELS
    right = centres[None, :] - x
    down = centres[:, None] - y
    squared = right**2 + down**2
    return (squared < radius**2) & (squared >= hole**2)


def _averaged(is_inside: npt.NDArray[np.bool_]) -> Floats:
    """Share of each pixel that is inside, [rows, columns]."""
    blocks = is_inside.reshape(SIDE, SUBPIXELS, SIDE, SUBPIXELS)
    return blocks.mean(axis=(1, 3))
