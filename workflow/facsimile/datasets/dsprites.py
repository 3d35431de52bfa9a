"""dSprites: white sprites on black, 737,280 images of 64 × 64 pixels (Matthey, Higgins, Hassabis, Lerchner 2017)."""

import hashlib
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from facsimile.datasets import _npz
from facsimile.datasets.base import sprite as base_sprite
from facsimile.datasets.base.dataset import Images
from facsimile.datasets.base.file import DatasetError, Rows
from facsimile.datasets.base.stored import Stored

LABEL = "dSprites"
_BLOCK = base_sprite.POSITIONS**2
_VALUES = {
    "shape": np.arange(1.0, 4.0),
    "scale": np.linspace(0.5, 1, base_sprite.SCALES),
    "orientation": np.linspace(0, 2 * math.pi, base_sprite.ORIENTATIONS),
    "x_position": np.linspace(0, 1, base_sprite.POSITIONS),
    "y_position": np.linspace(0, 1, base_sprite.POSITIONS),
}


class DSprites(Stored):
    """Rendered here, in the archive's order, or read from the archive ``dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz``.

    Of 20,000 images of the archive, 3 differ from the rendered ones, by one pixel each. Pixels are 0 or 255 (0 or 1 in the
    archive), and kept eight to a byte. ``facts["origin"]`` is ``rendered`` or ``official``; if official, the archive's
    checksum is in ``facts["source_sha256"]``: recorded and not compared, as no published one is known to us.
    """

    name = "dsprites"
    factor_names = ("shape", "scale", "orientation", "x_position", "y_position")
    factor_sizes = (
        base_sprite.SHAPES,
        base_sprite.SCALES,
        base_sprite.ORIENTATIONS,
        base_sprite.POSITIONS,
        base_sprite.POSITIONS,
    )
    factor_kinds = ("categorical", "ordinal", "circular", "ordinal", "ordinal")
    image_shape = (base_sprite.SIDE, base_sprite.SIDE, 1)
    not_factors = MappingProxyType(
        {"colour": "the archive lists it first, with the one value white"}
    )
    symmetries = MappingProxyType(
        {
            "orientation": "0 and 39 are one angle and give the same images; squares nearly repeat every quarter turn and "
            "ellipses every half, so that 715,706 of the 737,280 images are distinct"
        }
    )
    licence = (
        "Apache-2.0 (the archive); the rendered images are made by this project's own code, MIT"
    )
    source = "https://github.com/google-deepmind/dsprites-dataset"
    row_shape = (base_sprite.SIDE * base_sprite.SIDE // 8,)

    @classmethod
    def origin(cls, source: Path | None) -> dict[str, str]:
        """``rendered``, or ``official`` with the archive's sha256."""
        if source is None:
            return {"origin": "rendered"}
        if not source.is_file():
            raise DatasetError(
                f"{source}: there is no such file; leave the source out to have dSprites rendered"
            )
        with source.open("rb") as file:
            return {
                "origin": "official",
                "source_sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            }

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """1,024 images at a time: one sprite, everywhere."""
        return cls._rendered() if source is None else cls._official(source)

    def decode(self, rows: Rows) -> Images:
        """Unpack eight pixels a byte."""
        bits = np.unpackbits(rows, axis=1)
        return np.multiply(bits, 255, out=bits).reshape(-1, base_sprite.SIDE, base_sprite.SIDE, 1)

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """The archive's ``latents_values``: scale, angle in radians, position from 0 to 1; 1 square, 2 ellipse, 3 heart."""
        return _VALUES[self.factor_names[self._position(factor)]].copy()

    @classmethod
    def _rendered(cls) -> Iterator[Rows]:
        for sprite in itertools.product(*map(range, cls.factor_sizes[:3])):
            yield base_sprite.render(*sprite)

    @classmethod
    def _official(cls, source: Path) -> Iterator[Rows]:
        """Images in the archive's order, each with its factors, which must be those that its place says.

        Of the archive's arrays, ``metadata`` is a pickled object and is not touched.
        """
        n = math.prod(cls.factor_sizes)
        images = _npz.stream(
            source, "imgs", np.uint8, (n, base_sprite.SIDE, base_sprite.SIDE), _BLOCK
        )
        classes = _npz.stream(
            source, "latents_classes", np.int64, (n, 1 + len(cls.factor_sizes)), _BLOCK
        )
        for block, (image, stated) in enumerate(zip(images, classes, strict=True)):
            first = block * _BLOCK
            grid = np.stack(
                np.unravel_index(np.arange(first, first + len(image)), (1, *cls.factor_sizes)),
                axis=1,
            )
            if (wrong := np.flatnonzero((stated != grid).any(axis=1))).size:
                raise DatasetError(
                    f"{source}: image {first + wrong[0]} has the factors {stated[wrong[0]]}, not the archive's order"
                )
            if image.max() > 1:
                raise DatasetError(
                    f"{source}: images {first} and on have pixels other than 0 and 1; not the official archive"
                )
            yield np.packbits(image.reshape(len(image), -1), axis=1)
