"""Renders the sprites of dSprites, bit for bit but for about one pixel in thirty million.

The archive's images were made with LÖVE, whose drawing code for them was never published. This geometry was inferred from
64,834 of the 737,280 images and checked on the same: all but nine are identical, and those nine differ by one pixel each.
Coordinates are pixels, x to the right and y down; a pixel is lit when its centre lies inside the outline.
"""

import math

import numpy as np
import numpy.typing as npt

SIDE = 64
SHAPES, SCALES, ORIENTATIONS, POSITIONS = 3, 6, 40, 32
Floats = npt.NDArray[np.float64]

_UNIT = 0.15 * SIDE  # half the side of the square at full scale
_SUBPIXELS = 256  # a GPU rounds vertices to this fraction of a pixel; half or twice as many fit 5 to 9 % fewer images
_CENTRES = 16 + 32 * np.arange(POSITIONS) / (POSITIONS - 1)


def outline(shape: int) -> list[tuple[float, float]]:
    """Vertices of a sprite at full scale, upright, about its centre: 0 square, 1 ellipse, 2 heart."""
    return (_square, _ellipse, _heart)[shape]()


def render(shape: int, scale: int, orientation: int) -> npt.NDArray[np.uint8]:
    """One sprite at all its positions, in the archive's order: uint8 [1024, 512], row 32·x + y.

    A row is an image of 64 × 64 pixels, eight to a byte, the first in the highest bit, as ``numpy.packbits`` writes them.
    """
    x, y = _vertices(shape, scale, orientation)
    image, edge, share = _crossings(y)
    start, end = x[:, edge], np.roll(x, -1, 1)[:, edge]
    column = np.ceil(start + share * (end - start) - 0.5).astype(np.int64)
    lines = _fill(image, column)
    return lines.astype(">u8").view(np.uint8).reshape(POSITIONS * POSITIONS, SIDE * SIDE // 8)


def _square() -> list[tuple[float, float]]:
    return [(-_UNIT, -_UNIT), (_UNIT, -_UNIT), (_UNIT, _UNIT), (-_UNIT, _UNIT)]


def _ellipse(vertices: int = 100) -> list[tuple[float, float]]:
    angles = [2 * math.pi * (k / vertices) for k in range(vertices)]
    return [(_UNIT * 1.33 * math.cos(t), _UNIT / 1.33 * math.sin(t)) for t in angles]


def _heart(vertices: int = 150) -> list[tuple[float, float]]:
    angles = [2 * math.pi * (k / vertices) for k in range(vertices)]
    return [(_UNIT * math.sin(t) ** 3, _UNIT * (-_lobes(t) / 14.5 - 0.15)) for t in angles]


def _lobes(t: float) -> float:
    return 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)


def _vertices(shape: int, scale: int, orientation: int) -> tuple[Floats, Floats]:
    """Where a sprite's vertices fall, x and y [position, vertex]; the two do not depend on each other's position."""
    # The maths module and not numpy: numpy's sine has another last bit on another processor.
    turn = (
        -2 * math.pi * orientation / (ORIENTATIONS - 1)
    )  # so that the last orientation is the first again
    cos, sin = math.cos(turn), math.sin(turn)
    u, v = np.array(outline(shape)).T * (0.5 + 0.1 * scale)
    return _snap(_CENTRES[:, None] + (cos * u - sin * v)), _snap(
        _CENTRES[:, None] + (sin * u + cos * v)
    )


def _snap(coordinates: Floats) -> Floats:
    return np.floor(coordinates * _SUBPIXELS + 0.5) / _SUBPIXELS


def _crossings(y: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Where edges cross the middle of a line of pixels: line (64·position + row, sorted), edge, share of the edge passed.

    The end of an edge belongs to it below and not above: a middle that meets a vertex is crossed once.
    """
    end = np.roll(y, -1, 1)
    low, high = np.minimum(y, end)[:, None], np.maximum(y, end)[:, None]
    middle = (np.arange(SIDE) + 0.5)[:, None]
    position, row, edge = np.nonzero((middle > low) & (middle <= high))
    first, last = y[position, edge], end[position, edge]
    return SIDE * position + row, edge, (row + 0.5 - first) / (last - first)


def _fill(line: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Lines of pixels, one bit a pixel, uint64 [x position, 64·y position + row]: every crossing inverts all to its right."""
    right = np.uint64(2**SIDE - 1) >> column.astype(np.uint64)
    starts = np.flatnonzero(np.diff(line, prepend=-1))
    lines = np.zeros((POSITIONS, POSITIONS * SIDE), np.uint64)
    lines[:, line[starts]] = np.bitwise_xor.reduceat(right, starts, axis=1)
    return lines
