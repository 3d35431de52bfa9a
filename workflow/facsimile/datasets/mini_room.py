"""Mini-Room: a solid in a coloured room, 34,560 images of 16 × 16 pixels."""

import colorsys
import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base import room as base_room
from facsimile.datasets.base.file import Rows
from facsimile.datasets.base.stored import Stored

LABEL = "Mini-Room"
_HUES = 6
_VALUES = {
    "floor_hue": np.arange(_HUES) * (2 * math.pi / _HUES),
    "wall_hue": np.arange(_HUES) * (2 * math.pi / _HUES),
    "object_hue": np.arange(_HUES) * (2 * math.pi / _HUES),
    "size": np.linspace(0.7, 1.3, 4),
    "shape": np.arange(4.0),
    "orientation": np.linspace(-math.pi / 6, math.pi / 6, 10),
}


class MiniRoom(Stored):
    """Six independent factors, as in Shapes3D: three hues, size, shape, and the side of the view.

    It is not Shapes3D: the room is drawn by this project (``base/room.py``), with a parallel
    projection. Shapes: 0 cube, 1 cylinder, 2 ball, 3 capsule. The hues are red, yellow, green,
    cyan, blue and magenta. The view goes from 30° to the left to 30° to the right.
    """

    name = "mini_room"
    factor_names = ("floor_hue", "wall_hue", "object_hue", "size", "shape", "orientation")
    factor_sizes = (_HUES, _HUES, _HUES, 4, 4, 10)
    factor_kinds = ("circular", "circular", "circular", "ordinal", "categorical", "ordinal")
    image_shape = (base_room.SIDE, base_room.SIDE, 3)
    licence = "MIT, as the code that generates it"
    source = "generated; of this project, after https://github.com/google-deepmind/3d-shapes"

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield 160 images at a time: one triple of hues."""
        brightness = cls._brightness()
        colours = _colours()
        for floor, wall, thing in itertools.product(range(_HUES), repeat=3):
            rgb = colours[[floor, wall, thing]]
            # Surfaces are added one after the other, so that every machine rounds the same.
            images = brightness[:, 0, ..., None] * rgb[0]
            images = images + brightness[:, 1, ..., None] * rgb[1]
            images = images + brightness[:, 2, ..., None] * rgb[2]
            yield np.rint(255 * images).astype(np.uint8)

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """Hues and orientation in radians; sizes relative to the middle of their range."""
        position = self._position(factor)
        values: npt.NDArray[np.float64] = _VALUES[self.factor_names[position]].copy()
        return values

    @classmethod
    def _brightness(cls) -> npt.NDArray[np.float64]:
        """Brightness of floor, walls and object, [160, 3, 16, 16], at all other factors."""
        views = []
        shapes = range(cls.factor_sizes[4])
        for size, shape, angle in itertools.product(
            _VALUES["size"], shapes, _VALUES["orientation"]
        ):
            views.append(base_room.render(shape, size, angle))
        return np.stack(views)


def _colours() -> npt.NDArray[np.float64]:
    """Red, green and blue of each hue, [6, 3], from 0 to 1."""
    return np.array([colorsys.hsv_to_rgb(hue / _HUES, 0.85, 1.0) for hue in range(_HUES)])
