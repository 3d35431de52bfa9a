"""The sprites of this study, drawn as those of dSprites are, by the values of their factors."""

import functools

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base import sprite

SIZES = (sprite.SHAPES, sprite.SCALES, 5, 8, 8)
"""Numbers of values: shape, size, orientation, horizontal and vertical position."""
ORIENTATION = 2  # every 2nd orientation of dSprites, from 0 to 74 degrees: no square repeats
POSITION = sprite.POSITIONS // SIZES[3]  # every 4th position of dSprites
Factors = npt.NDArray[np.int64]
Pictures = npt.NDArray[np.uint8]


def drawn(
    factors: Factors,
    side: int,
) -> Pictures:
    """Return pictures uint8 [n, side, side, 1], white on black, of factors int64 [n, 5].

    A pixel is the mean of a square of pixels of dSprites, whose pictures have 64 × 64.
    """
    shape, size, orientation, x, y = factors.T
    pictures = np.empty((len(factors), side, side, 1), np.uint8)
    sprites, sprite_of_row = np.unique(
        np.stack((shape, size, orientation), axis=1),
        axis=0,
        return_inverse=True,
    )
    for number, values in enumerate(sprites):
        everywhere = _everywhere(*values.tolist(), side)
        [rows] = np.nonzero(sprite_of_row == number)
        pictures[rows, ..., 0] = everywhere[x[rows], y[rows]]
    return pictures


@functools.lru_cache(maxsize=SIZES[0] * SIZES[1] * SIZES[2])
def _everywhere(
    shape: int,
    size: int,
    orientation: int,
    side: int,
) -> Pictures:
    """One sprite at all positions: uint8 [8, 8, side, side]."""
    packed = sprite.render(shape, size, ORIENTATION * orientation)
    grid = packed.reshape(sprite.POSITIONS, sprite.POSITIONS, -1)
    kept = grid[::POSITION, ::POSITION].reshape(SIZES[3] * SIZES[4], -1)
    lit = np.unpackbits(kept, axis=1)
    block = sprite.SIDE // side
    squares = lit.reshape(SIZES[3], SIZES[4], side, block, side, block)
    counts = squares.sum(axis=(3, 5), dtype=np.int64)
    # In integers, so that every machine rounds the same.
    levels = (255 * counts + block**2 // 2) // block**2
    return levels.astype(np.uint8)
