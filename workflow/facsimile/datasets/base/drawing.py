"""Draws anti-aliased shapes like matplotlib, so that generated scenes look like the official ones.

The official scripts draw on a figure of 1 × 1 inch at 96 dots per inch, with matplotlib's default
axes, which leave a margin, and save it with the axes hidden. Here a shape becomes a coverage: the
fraction of each pixel that it fills, estimated from the distance to its edge. Straight edges are
snapped to pixels as matplotlib does. Pictures differ from matplotlib's by 0.1 of 255 grey levels
per pixel.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Pair = tuple[float, float]
SIDE = 96  # pixels
# Position and size of the axes, in fractions of the figure: matplotlib's defaults.
LEFT, BOTTOM = 0.125, 0.11
WIDTH, HEIGHT = 0.775, 0.77
# Pixels (x, y) where the axes begin and end, rounded as matplotlib rounds them.
UPPER, LOWER = (12, 12), (86, 85)
POINT = 96 / 72  # pixels per point, the unit of line widths


@dataclass(frozen=True)
class Canvas:
    """A part of the picture on which shapes are drawn, in the units of its axes.

    ``low``, ``high``: (x, y) where the axes begin and end; they clip what is drawn.
    ``top``, ``bottom``, ``left``, ``right``: the part of the picture, in pixels from its upper left
    corner.

    All methods that draw return the coverage of n shapes, float32 [n, h, w] from 0 to 1. Arguments
    can be one number for all shapes, or n numbers.
    """

    low: Pair
    high: Pair
    top: int = 0
    bottom: int = SIDE
    left: int = 0
    right: int = SIDE

    @cached_property
    def scale(self) -> Pair:
        """Pixels per unit of x and of y."""
        width = self.high[0] - self.low[0]
        height = self.high[1] - self.low[1]
        return SIDE * WIDTH / width, SIDE * HEIGHT / height

    @cached_property
    def x(self) -> Array:
        """Centres of the columns, in units of x, [1, 1, w]."""
        columns = np.arange(self.left, self.right)
        pixels = columns + 0.5 - SIDE * LEFT
        centres = pixels / self.scale[0] + self.low[0]
        return centres.astype(np.float32)[None, None, :]

    @cached_property
    def y(self) -> Array:
        """Centres of the rows, in units of y, [1, h, 1]."""
        rows = np.arange(self.top, self.bottom)
        pixels = SIDE - rows - 0.5 - SIDE * BOTTOM
        centres = pixels / self.scale[1] + self.low[1]
        return centres.astype(np.float32)[None, :, None]

    def snapped(
        self,
        values: npt.ArrayLike,
        axis: int,
        points: float,
    ) -> Array:
        """Where matplotlib puts edges at ``values`` of an axis, [n].

        A line whose width, ``points``, rounds to an odd number of pixels is put on the centre of a
        pixel, any other on its border.
        """
        shift = 0.5 * (round(points * POINT) % 2)
        margin = SIDE * (LEFT, BOTTOM)[axis]
        scale = self.scale[axis]
        low = self.low[axis]
        positions = np.asarray(values, np.float64)
        pixels = margin + (positions - low) * scale
        if axis == 0:
            snapped = np.floor(pixels + 0.5) + shift
        else:
            # Rows are counted from the top.
            snapped = SIDE - np.floor(SIDE - pixels + 0.5) - shift
        snapped_values = (snapped - margin) / scale + low
        return snapped_values.astype(np.float32)

    def upright(
        self,
        x: float,
        y0: npt.ArrayLike,
        y1: npt.ArrayLike,
        points: float,
    ) -> Array:
        """Coverage of vertical lines from y0 to y1, snapped to pixels."""
        start = self.snapped(y0, 1, points)
        end = self.snapped(y1, 1, points)
        column = self.snapped(x, 0, points)
        columns = np.broadcast_to(column, start.shape)
        return self.segment((columns, start), (columns, end), points)

    def level(
        self,
        x0: npt.ArrayLike,
        x1: npt.ArrayLike,
        y: float,
        points: float,
    ) -> Array:
        """Coverage of horizontal lines from x0 to x1, snapped to pixels."""
        start = self.snapped(x0, 0, points)
        end = self.snapped(x1, 0, points)
        row = self.snapped(y, 1, points)
        rows = np.broadcast_to(row, start.shape)
        return self.segment((start, rows), (end, rows), points)

    def ellipse(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        radius: npt.ArrayLike,
    ) -> Array:
        """Coverage of circles in the units of the axes, with matplotlib's outline of one point."""
        x, y = _column(x), _column(y)
        radius = _column(radius)
        # In pixels a circle is an ellipse, as the units of x and y differ in size.
        scale_x, scale_y = self.scale
        width = radius * scale_x + POINT / 2
        height = radius * scale_y + POINT / 2
        dx = (self.x - x) * scale_x / width
        dy = (self.y - y) * scale_y / height
        distance = np.hypot(dx, dy) - 1
        return self._coverage(distance * np.sqrt(width * height))

    def segment(
        self,
        start: tuple[npt.ArrayLike, ...],
        end: tuple[npt.ArrayLike, ...],
        points: float,
    ) -> Array:
        """Coverage of straight lines from (x, y) to (x, y), ``points`` wide, with square ends."""
        x0, y0 = [_column(value) for value in start]
        x1, y1 = [_column(value) for value in end]
        # The line, and the way from its start to each pixel, in pixels.
        scale_x, scale_y = self.scale
        line_x = (x1 - x0) * scale_x
        line_y = (y1 - y0) * scale_y
        length = np.hypot(line_x, line_y)
        dx = (self.x - x0) * scale_x
        dy = (self.y - y0) * scale_y
        across = np.abs(dx * line_y - dy * line_x) / length
        along = (dx * line_x + dy * line_y) / length
        beside = across - points * POINT / 2
        beyond = np.abs(along - length / 2) - length / 2
        return self._coverage(np.maximum(beside, beyond))

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: npt.ArrayLike,
    ) -> Array:
        """Coverage of rectangles with lower left corner (x, y) and an outline of one point."""
        scale_x, scale_y = self.scale
        top = y + np.asarray(height)
        left = self.snapped(x, 0, 1)
        right = self.snapped(x + width, 0, 1)
        low = _column(self.snapped(y, 1, 1))
        high = _column(self.snapped(top, 1, 1))
        across = np.maximum(left - self.x, self.x - right)
        up = np.maximum(low - self.y, self.y - high)
        distance = np.maximum(across * scale_x, up * scale_y)
        return self._coverage(distance - POINT / 2)

    def jet(
        self,
        x: float,
        start: npt.ArrayLike,
        reach: npt.ArrayLike,
        end: float,
        points: float,
    ) -> Array:
        """Coverage of parabolas that leave (x, start) horizontally and reach (x + reach, end)."""
        start = _column(start)
        reach = _column(reach)
        scale_x, scale_y = self.scale
        steepness = (start - end) / reach**2
        travelled = np.maximum(self.x - x, 0)
        height = start - steepness * travelled**2
        above = (self.y - height) * scale_y
        slope = 2 * steepness * travelled * scale_y / scale_x
        # The distance to a curve is about the vertical distance over the length of its tangent.
        distance = np.abs(above) / np.hypot(1, slope)
        beside = distance - points * POINT / 2
        before = (x - self.x) * scale_x
        below = (end - self.y) * scale_y
        outside = np.maximum(before, below)
        return self._coverage(np.maximum(beside, outside))

    def _coverage(self, distance: npt.NDArray[np.floating]) -> Array:
        """Coverage from the signed distance to an edge, in pixels; zero outside the axes."""
        columns = np.arange(self.left, self.right)
        rows = np.arange(self.top, self.bottom)
        # The borders of the axes are whole pixels.
        in_rows = (rows >= UPPER[1]) & (rows < LOWER[1])
        in_columns = (columns >= UPPER[0]) & (columns < LOWER[0])
        inside = in_rows[:, None] & in_columns
        coverage = np.clip(0.5 - distance, 0, 1) * inside
        return coverage.astype(np.float32)


def paint(
    pictures: npt.NDArray[np.uint8],
    canvas: Canvas,
    coverage: Array,
    colour: tuple[int, int, int],
) -> None:
    """Paint a colour over the canvas' part of pictures [n, 96, 96, 3], in place.

    ``coverage``: [n, h, w], or [1, h, w] for the same shape in all pictures.
    """
    # Only the rows and columns that the shapes touch.
    columns = np.flatnonzero(coverage.any(axis=(0, 1)))
    if not len(columns):
        return
    rows = np.flatnonzero(coverage.any(axis=(0, 2)))
    down = slice(rows[0], rows[-1] + 1)
    across = slice(columns[0], columns[-1] + 1)
    part = pictures[:, canvas.top : canvas.bottom, canvas.left : canvas.right]
    band = part[:, down, across]
    # Blended in integers: ``share`` of 256 parts are the colour. Adding 128 rounds.
    parts = np.rint(coverage[:, down, across, None] * 256)
    share = parts.astype(np.int32)
    blended = band * (256 - share) + np.array(colour, np.int32) * share
    band[:] = (blended + 128) >> 8


def _column(values: npt.ArrayLike) -> Array:
    """One number per picture, [n, 1, 1]."""
    column = np.asarray(values, np.float32)
    return column.reshape(-1, 1, 1)
