"""dSprites: 737,280 images of a white sprite on black (Matthey et al. 2017)."""

import hashlib
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile.datasets import _npz
from facsimile.datasets.base import sprite as base_sprite
from facsimile.datasets.base.dataset import Images
from facsimile.datasets.base.file import DatasetError, Rows
from facsimile.datasets.base.stored import Stored

LABEL = "dSprites"
_SIDE = base_sprite.SIDE
_BLOCK = base_sprite.POSITIONS**2
_VALUES = {
    "shape": np.arange(1.0, 4.0),
    "scale": np.linspace(0.5, 1, base_sprite.SCALES),
    "orientation": np.linspace(0, 2 * math.pi, base_sprite.ORIENTATIONS),
    "x_position": np.linspace(0, 1, base_sprite.POSITIONS),
    "y_position": np.linspace(0, 1, base_sprite.POSITIONS),
}


class DSprites(Stored):
    """Images of 64 × 64 pixels, in the order of the official archive.

    Published by Matthey, Higgins, Hassabis and Lerchner (2017).

    They are rendered here, or read from the archive
    ``dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz`` if it is given as the source. Of 20,000
    images of the archive, 3 differ from the rendered ones, by one pixel each.

    Pixels are 0 or 255 (0 or 1 in the archive), and are stored eight per byte.

    ``facts["origin"]`` is ``rendered`` or ``official``. If it is official, the archive's checksum
    is ``facts["source_sha256"]``. It is recorded but not compared: we know of no published one.
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
    image_shape = (_SIDE, _SIDE, 1)
    not_factors = MappingProxyType(
        {"colour": "the archive lists it first, with the single value white"}
    )
    symmetries = MappingProxyType(
        {
            "orientation": "0 and 39 are the same angle and give the same images; squares nearly "
            "repeat every quarter turn and ellipses every half turn, so that 715,706 of the "
            "737,280 images are distinct"
        }
    )
    licence = (
        "Apache-2.0 (the archive); the rendered images are made by this project's own code, MIT"
    )
    source = "https://github.com/google-deepmind/dsprites-dataset"
    row_shape = (_SIDE * _SIDE // 8,)

    @classmethod
    def origin(cls, source: Path | None) -> dict[str, str]:
        """Facts to record: ``rendered``, or ``official`` with the archive's sha256."""
        if source is None:
            return {"origin": "rendered"}
        if not source.is_file():
            raise DatasetError(
                f"{source}: there is no such file; leave the source out to have dSprites rendered"
            )
        with source.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256")
        return {
            "origin": "official",
            "source_sha256": checksum.hexdigest(),
        }

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield 1,024 images at a time: one sprite at all its positions."""
        return cls._rendered() if source is None else cls._official(source)

    def decode(self, rows: Rows) -> Images:
        """Unpack eight pixels per byte."""
        bits = np.unpackbits(rows, axis=1)
        pixels = np.multiply(bits, 255, out=bits)
        return pixels.reshape(-1, _SIDE, _SIDE, 1)

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """The archive's ``latents_values`` of a factor.

        Shape: 1 square, 2 ellipse, 3 heart. Orientation: angle in radians. Positions: 0 to 1.
        """
        position = self._position(factor)
        return _VALUES[self.factor_names[position]].copy()

    @classmethod
    def _rendered(cls) -> Iterator[Rows]:
        shapes, scales, orientations = map(range, cls.factor_sizes[:3])
        for sprite in itertools.product(shapes, scales, orientations):
            yield base_sprite.render(*sprite)

    @classmethod
    def _official(cls, source: Path) -> Iterator[Rows]:
        """Yield the archive's images, and check that their factors are in the archive's order.

        The array ``metadata`` of the archive is a pickled object, and is not touched.
        """
        count = math.prod(cls.factor_sizes)
        images_shape = (count, _SIDE, _SIDE)
        classes_shape = (count, 1 + len(cls.factor_sizes))
        images = _npz.stream(source, "imgs", np.uint8, images_shape, _BLOCK)
        classes = _npz.stream(source, "latents_classes", np.int64, classes_shape, _BLOCK)
        first = 0
        for image_block, class_block in zip(images, classes, strict=True):
            cls._check_order(class_block, first, source)
            if image_block.max() > 1:
                raise DatasetError(
                    f"{source}: among the images from {first} on, there are pixels other than 0 "
                    "and 1; not the official archive"
                )
            pixels = image_block.reshape(len(image_block), -1)
            yield np.packbits(pixels, axis=1)
            first += len(image_block)

    @classmethod
    def _check_order(
        cls,
        classes: npt.NDArray[Any],
        first: int,
        source: Path,
    ) -> None:
        """Raise DatasetError unless the factors of images from ``first`` on are in C order."""
        indices = np.arange(first, first + len(classes))
        # The archive's first column is the colour, which has one value.
        coordinates = np.unravel_index(indices, (1, *cls.factor_sizes))
        expected = np.stack(coordinates, axis=1)
        [wrong] = np.nonzero((classes != expected).any(axis=1))
        if wrong.size:
            raise DatasetError(
                f"{source}: image {first + wrong[0]} has the factors {classes[wrong[0]]}, "
                "not the archive's order"
            )
