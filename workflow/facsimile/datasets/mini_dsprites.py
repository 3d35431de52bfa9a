"""Mini-dSprites: 46,080 images of a grey sprite on black, 16 × 16 pixels, made from dSprites."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base import sprite as base_sprite
from facsimile.datasets.base.dataset import Images
from facsimile.datasets.base.file import Rows
from facsimile.datasets.base.stored import Stored

LABEL = "Mini-dSprites"
SIDE = 16
SCALE = base_sprite.SIDE // SIDE  # an image is the mean of squares of 4 × 4 pixels
_ORIENTATION = 4  # every 4th orientation is kept
_POSITION = 2  # every 2nd position along both axes
_POSITIONS = base_sprite.POSITIONS // _POSITION
_ORIENTATIONS = np.linspace(0, 2 * math.pi, base_sprite.ORIENTATIONS)
_PLACES = np.linspace(0, 1, base_sprite.POSITIONS)
# Lit pixels in the first and second half of a byte, [256, 2].
_BYTES = np.arange(256, dtype=np.uint8)
_BITS = np.unpackbits(_BYTES[:, None], axis=1)
_HALVES = _BITS.reshape(256, 2, SCALE)
_LIT = _HALVES.sum(axis=2, dtype=np.uint8)
_VALUES = {
    "shape": np.arange(1.0, 4.0),
    "scale": np.linspace(0.5, 1, base_sprite.SCALES),
    "orientation": _ORIENTATIONS[::_ORIENTATION],
    "x_position": _PLACES[::_POSITION],
    "y_position": _PLACES[::_POSITION],
}


class MiniDSprites(Stored):
    """dSprites averaged to 16 × 16 pixels, with fewer orientations and positions.

    It is not dSprites, and scores on it are not comparable with published ones: it is a world on
    which small models are trained in seconds. The sprites are rendered as those of ``dsprites``
    are; a pixel is the mean of 4 × 4 of theirs, in 17 grey levels.
    """

    name = "mini_dsprites"
    factor_names = ("shape", "scale", "orientation", "x_position", "y_position")
    factor_sizes = (
        base_sprite.SHAPES,
        base_sprite.SCALES,
        base_sprite.ORIENTATIONS // _ORIENTATION,
        _POSITIONS,
        _POSITIONS,
    )
    factor_kinds = ("categorical", "ordinal", "circular", "ordinal", "ordinal")
    image_shape = (SIDE, SIDE, 1)
    row_shape = (SIDE * SIDE,)
    not_factors = MappingProxyType({"colour": "white in all images of dSprites"})
    symmetries = MappingProxyType(
        {
            "orientation": "squares nearly repeat every quarter turn and ellipses every half turn; "
            "46,060 of the 46,080 images are distinct"
        }
    )
    licence = "MIT, as the code that generates it"
    source = "generated; of this project, after https://github.com/google-deepmind/dsprites-dataset"

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield 256 images at a time: one sprite at all its positions."""
        shapes, scales, orientations = map(range, cls.factor_sizes[:3])
        sprites = itertools.product(shapes, scales, orientations)
        for shape, scale, orientation in sprites:
            angle = _ORIENTATION * orientation
            yield _averaged(base_sprite.render(shape, scale, angle))

    def decode(self, rows: Rows) -> Images:
        """Images uint8 [n, 16, 16, 1] from rows [n, 256]."""
        return rows.reshape(-1, SIDE, SIDE, 1)

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """The values of dSprites that are kept: orientations in radians, positions from 0 to 1."""
        position = self._position(factor)
        return _VALUES[self.factor_names[position]].copy()


def _averaged(packed: Rows) -> Rows:
    """One sprite at every 2nd position, averaged: uint8 [256, 256] from packed bits [1024, 512]."""
    positions = base_sprite.POSITIONS
    grid = packed.reshape(positions, positions, -1)
    some = grid[::_POSITION, ::_POSITION]
    kept = some.reshape(_POSITIONS**2, -1)
    # Half a byte is 4 pixels of a line, and 4 lines make a square.
    lit_of_lines = _LIT[kept].reshape(-1, SIDE, SCALE, SIDE)
    lit = lit_of_lines.sum(axis=2, dtype=np.uint16)
    # In integers, so that every machine rounds the same.
    half = SCALE**2 // 2
    levels = (255 * lit + half) // SCALE**2
    rows = levels.reshape(len(kept), -1)
    return rows.astype(np.uint8)
