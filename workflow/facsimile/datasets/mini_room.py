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
_STEP = 2 * math.pi / _HUES
_ANGLES = _STEP * np.arange(_HUES)
_SIZES = np.linspace(0.7, 1.3, 4)
_SHAPES = range(base_room.SHAPES)
_VIEWS = np.linspace(-math.pi / 6, math.pi / 6, 10)
_VALUES: dict[str, npt.NDArray[np.floating]] = {
    "floor_hue": _ANGLES,
    "wall_hue": _ANGLES,
    "object_hue": _ANGLES,
    "size": _SIZES,
    "shape": np.array(_SHAPES),
    "orientation": _VIEWS,
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
        surfaces = _brightness()
        colours = _colours()
        for hues in itertools.product(range(_HUES), repeat=3):
            count = surfaces.shape[1]
            images = np.zeros((count, *cls.image_shape))
            # Surfaces are added one after the other, so that every machine rounds the same.
            for brightness, hue in zip(surfaces, hues, strict=True):
                images += brightness[..., None] * colours[hue]
            yield np.rint(255 * images).astype(np.uint8)

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """Hues and orientation in radians; sizes relative to the middle of their range."""
        position = self._position(factor)
        return _VALUES[self.factor_names[position]].astype(np.float64)


def _brightness() -> npt.NDArray[np.float64]:
    """Brightness of floor, walls and object, [3, 160, 16, 16], at all other factors."""
    pictures = []
    for size, shape, view in itertools.product(_SIZES, _SHAPES, _VIEWS):
        pictures.append(base_room.render(shape, size, view))
    return np.stack(pictures, axis=1)


def _colours() -> npt.NDArray[np.float64]:
    """Red, green and blue of each hue, [6, 3], from 0 to 1."""
    colours = []
    for hue in range(_HUES):
        colour = colorsys.hsv_to_rgb(hue / _HUES, 0.85, 1.0)
        colours.append(colour)
    return np.array(colours)
