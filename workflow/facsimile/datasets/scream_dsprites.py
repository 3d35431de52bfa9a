"""Scream-dSprites: sprites that invert a random patch of Munch's picture (Locatello et al. 2019)."""

import itertools
import json
import math
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image, UnidentifiedImageError

from facsimile.datasets.base import file
from facsimile.datasets.base.archived import Archived
from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.base.file import DatasetError, Progress, Rows
from facsimile.datasets.base.official import Official
from facsimile.datasets.dsprites import DSprites

LABEL = "Scream-dSprites"
_SIDE = DSprites.image_shape[0]
_WIDEST, _HIGHEST = 350, 274  # what the study's thumbnail has to fit into


class ScreamDSprites(Archived, DSprites):
    """A patch of the picture and a colour are drawn anew at every read; the sprite's pixels are inverted.

    With a patch p of 64 × 64 pixels at a place drawn uniformly (the last row and column of places left out, as there) and
    three uniforms u on [0, 1], the background is (p + u) / 2 and a sprite 1 - (p + u) / 2. disentanglement_lib
    (``ScreamDSprites``) has floats; here they are rounded to 8 bits, by at most 0.002. Sprites are rendered. The picture is
    made small once, as Pillow did it in 2018, and kept behind the sprites in the file.

    Nobody has published a checksum of the picture, and its address may have another one by now: its sha256 is recorded, and
    ``facts["origin"]`` is ``unverified``.
    """

    name = "scream_dsprites"
    image_shape = (_SIDE, _SIDE, 3)
    not_factors = MappingProxyType(
        {
            **DSprites.not_factors,
            "background": "which patch of the picture, and in which colour, is drawn anew at every read",
        }
    )
    licence = (
        "Apache-2.0 (dSprites); the picture, by Edvard Munch (died 1944), is in the public domain"
    )
    stochastic = True
    files = (
        Official(
            "scream.jpg",
            (
                "https://upload.wikimedia.org/wikipedia/commons/f/f4/The_Scream.jpg",
                "https://commons.wikimedia.org/wiki/Special:FilePath/The_Scream.jpg",
            ),
        ),
    )

    def __init__(self, rows: Rows, facts: dict[str, str]) -> None:
        shape = json.loads(facts.get("picture_shape", "[0, 0, 3]"))
        super().__init__(rows[: len(self)], facts)
        picture = rows[len(self) :].ravel()[: math.prod(shape)].reshape(shape)
        self._picture = np.ascontiguousarray(
            np.moveaxis(picture, 2, 0)
        )  # channels before pixels: four times as fast

    @classmethod
    def _write(cls, path: Path, source: Path, progress: Progress) -> None:
        picture = _thumbnail(cls.located(source)[cls.files[0].name])
        behind = np.zeros((-(-picture.size // cls.row_shape[0]), *cls.row_shape), np.uint8)
        behind.ravel()[: picture.size] = picture.ravel()
        facts = cls._identity() | cls.origin(source) | {"picture_shape": json.dumps(picture.shape)}
        shape = (math.prod(cls.factor_sizes) + len(behind), *cls.row_shape)
        file.write(path, shape, itertools.chain(cls.blocks(None), [behind]), facts, progress)

    def _images(self, indices: Integers, rng: np.random.Generator | None) -> Images:
        assert rng is not None  # ``images`` does not go without
        sprites = np.moveaxis(super()._images(indices, None), 3, 1)
        _, height, width = self._picture.shape
        n = len(indices)
        places = np.lib.stride_tricks.sliding_window_view(self._picture, (_SIDE, _SIDE), (1, 2))
        patches = places[:, rng.integers(0, height - _SIDE, n), rng.integers(0, width - _SIDE, n)]
        images = np.moveaxis(patches, 0, 1).astype(np.float32)
        images += rng.uniform(0, 255, (n, 3, 1, 1)).astype(np.float32)
        images *= 0.5
        background = np.rint(images, out=images).astype(np.uint8)
        return np.moveaxis(background ^ sprites, 1, 3)  # of 8 bits, 255 - x is x ^ 255


def _thumbnail(path: Path) -> Rows:
    """The picture made to fit 350 × 274, uint8 [h, w, 3]: Pillow 5's ``thumbnail``, which the study's code called.

    A JPEG is decoded at the smallest of 1/1, 1/2, 1/4 and 1/8 that is not too small, then resized (bicubic). Later Pillows
    decode it at twice the size and round the shape otherwise.
    """
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            if width > _WIDEST:
                width, height = _WIDEST, height * _WIDEST // width
            if height > _HIGHEST:
                width, height = width * _HIGHEST // height, _HIGHEST
            if min(width, height) <= _SIDE:
                raise DatasetError(
                    f"{path}: too small: made to fit, it has {width} × {height} pixels, and patches have {_SIDE}"
                )
            picture.draft(None, (width, height))
            small = picture.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
            return np.asarray(small)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DatasetError(
            f"{path}: truncated or no picture ({error}); remove it, and download it again"
        ) from None
