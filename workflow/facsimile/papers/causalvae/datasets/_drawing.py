"""Anti-aliased shapes on the canvas of a small matplotlib figure, so that generated scenes look as the official ones do.

The official scripts draw on a figure of 1 x 1 inch at 96 dots an inch, with matplotlib's default axes, which leave a margin,
and save it without them. A coverage is the share of each pixel that a shape fills, estimated from the distance to its edge, and
straight edges are snapped to pixels as there; pictures differ from matplotlib's by 0.1 grey levels of 255 a pixel.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
SIDE = 96  # pixels
LEFT, BOTTOM, WIDTH, HEIGHT = (
    0.125,
    0.11,
    0.775,
    0.77,
)  # of the axes, in shares of the figure: matplotlib's defaults
UPPER, LOWER = (
    (12, 12),
    (86, 85),
)  # pixels (x, y) where the axes begin and end, rounded as matplotlib rounds them
POINT = 96 / 72  # pixels a point, the unit of line widths


@dataclass(frozen=True)
class Canvas:
    """A part of the picture, in pixels from its upper left; axes run from ``low`` to ``high`` (x, y) and clip what is drawn."""

    low: tuple[float, float]
    high: tuple[float, float]
    top: int = 0
    bottom: int = SIDE
    left: int = 0
    right: int = SIDE

    @cached_property
    def scale(self) -> tuple[float, float]:
        """Pixels a unit of x and of y."""
        return SIDE * WIDTH / (self.high[0] - self.low[0]), SIDE * HEIGHT / (
            self.high[1] - self.low[1]
        )

    @cached_property
    def x(self) -> Array:
        """Centres of the columns, in units of x, [1, 1, w]."""
        at = (np.arange(self.left, self.right) + 0.5 - SIDE * LEFT) / self.scale[0] + self.low[0]
        return at.astype(np.float32)[None, None, :]

    @cached_property
    def y(self) -> Array:
        """Centres of the rows, in units of y, [1, h, 1]."""
        at = (SIDE - np.arange(self.top, self.bottom) - 0.5 - SIDE * BOTTOM) / self.scale[
            1
        ] + self.low[1]
        return at.astype(np.float32)[None, :, None]

    def snapped(self, values: npt.ArrayLike, axis: int, points: float) -> Array:
        """Where matplotlib puts edges that run along an axis, [n]: on a pixel's border, or its centre if so many wide."""
        shift = 0.5 * (round(points * POINT) % 2)
        margin, scale = SIDE * (LEFT, BOTTOM)[axis], self.scale[axis]
        at = margin + (np.asarray(values, np.float64) - self.low[axis]) * scale
        put = (
            np.floor(at + 0.5) + shift if axis == 0 else SIDE - np.floor(SIDE - at + 0.5) - shift
        )  # counted from the top
        return ((put - margin) / scale + self.low[axis]).astype(np.float32)

    def upright(self, x: float, y0: npt.ArrayLike, y1: npt.ArrayLike, points: float) -> Array:
        """Coverage [n, h, w] of upright lines, snapped to pixels."""
        low, high = (self.snapped(y, 1, points) for y in (y0, y1))
        at = np.broadcast_to(self.snapped(x, 0, points), low.shape)
        return self.segment((at, low), (at, high), points)

    def level(self, x0: npt.ArrayLike, x1: npt.ArrayLike, y: float, points: float) -> Array:
        """Coverage [n, h, w] of level lines, snapped to pixels."""
        low, high = (self.snapped(x, 0, points) for x in (x0, x1))
        at = np.broadcast_to(self.snapped(y, 1, points), low.shape)
        return self.segment((low, at), (high, at), points)

    def ellipse(self, x: npt.ArrayLike, y: npt.ArrayLike, radius: npt.ArrayLike) -> Array:
        """Coverage [n, h, w] of circles of the axes' units, with matplotlib's outline of one point."""
        x, y, radius = _each(x), _each(y), _each(radius)
        across, up = (radius * scale + POINT / 2 for scale in self.scale)
        away = np.hypot((self.x - x) * self.scale[0] / across, (self.y - y) * self.scale[1] / up)
        return self._clipped((away - 1) * np.sqrt(across * up))

    def segment(
        self, start: tuple[npt.ArrayLike, ...], end: tuple[npt.ArrayLike, ...], points: float
    ) -> Array:
        """Coverage [n, h, w] of straight lines of a width in points, cut off square at their ends."""
        (x0, y0), (x1, y1) = ([_each(value) for value in where] for where in (start, end))
        along, up = (x1 - x0) * self.scale[0], (y1 - y0) * self.scale[1]
        length = np.hypot(along, up)
        dx, dy = (self.x - x0) * self.scale[0], (self.y - y0) * self.scale[1]
        beside = np.abs(dx * up - dy * along) / length - points * POINT / 2
        beyond = np.abs((dx * along + dy * up) / length - length / 2) - length / 2
        return self._clipped(np.maximum(beside, beyond))

    def rectangle(self, x: float, y: float, width: float, height: npt.ArrayLike) -> Array:
        """Coverage [n, h, w] of rectangles from their lower left corner, with matplotlib's outline of one point."""
        left, right = (self.snapped(at, 0, 1) for at in (x, x + width))
        low, high = _each(self.snapped(y, 1, 1)), _each(self.snapped(y + np.asarray(height), 1, 1))
        across = np.maximum(left - self.x, self.x - right)
        up = np.maximum(low - self.y, self.y - high)
        return self._clipped(np.maximum(across * self.scale[0], up * self.scale[1]) - POINT / 2)

    def jet(
        self, x: float, start: npt.ArrayLike, reach: npt.ArrayLike, end: float, points: float
    ) -> Array:
        """Coverage [n, h, w] of parabolas that leave (x, start) level and are ``reach`` further on at height ``end``."""
        start, reach = _each(start), _each(reach)
        steep = (start - end) / reach**2
        beyond = np.maximum(self.x - x, 0)
        fallen = (self.y - (start - steep * beyond**2)) * self.scale[1]
        slope = 2 * steep * beyond * self.scale[1] / self.scale[0]
        beside = np.abs(fallen) / np.hypot(1, slope) - points * POINT / 2
        outside = np.maximum((x - self.x) * self.scale[0], (end - self.y) * self.scale[1])
        return self._clipped(np.maximum(beside, outside))

    def _clipped(self, distance: npt.NDArray[np.floating]) -> Array:
        """Coverage by the signed distance to an edge in pixels, inside the axes alone, whose borders are whole pixels."""
        columns, rows = np.arange(self.left, self.right), np.arange(self.top, self.bottom)
        inside = (
            ((rows >= UPPER[1]) & (rows < LOWER[1]))[:, None]
            & (columns >= UPPER[0])
            & (columns < LOWER[0])
        )
        shown = np.clip(0.5 - distance, 0, 1) * inside
        return shown.astype(np.float32)


def paint(
    pictures: npt.NDArray[np.uint8], canvas: Canvas, coverage: Array, colour: tuple[int, int, int]
) -> None:
    """Lay a colour over the canvas' part of pictures [n, 96, 96, 3], in place; ``coverage`` [n or 1, h, w]."""
    columns = np.flatnonzero(coverage.any(axis=(0, 1)))
    if not len(columns):
        return
    rows = np.flatnonzero(coverage.any(axis=(0, 2)))
    down, across = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    band = pictures[:, canvas.top : canvas.bottom, canvas.left : canvas.right][:, down, across]
    share = np.rint(coverage[:, down, across, None] * 256).astype(np.int32)
    band[:] = (band * (256 - share) + np.array(colour, np.int32) * share + 128) >> 8


def _each(values: npt.ArrayLike) -> Array:
    """One number a picture, [n, 1, 1]."""
    return np.asarray(values, np.float32).reshape(-1, 1, 1)
