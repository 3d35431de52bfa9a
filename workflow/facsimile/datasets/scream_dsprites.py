"""Scream-dSprites: sprites that invert a patch of Munch's painting (Locatello et al. 2019)."""

import itertools
import json
import math
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, UnidentifiedImageError

from facsimile.datasets.base import file
from facsimile.datasets.base.archived import Archived
from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.base.file import DatasetError, Facts, Progress, Rows
from facsimile.datasets.base.official import Official
from facsimile.datasets.dsprites import DSprites

LABEL = "Scream-dSprites"
_SIDE = DSprites.image_shape[0]
_MAX_WIDTH, _MAX_HEIGHT = 350, 274  # of the thumbnail in the study's code


class ScreamDSprites(Archived, DSprites):
    """dSprites on random patches of a picture; the pixels of the sprite are inverted.

    At every read, a patch p of 64 × 64 pixels is drawn, whose position is uniform (without the last
    row and column of positions, as in disentanglement_lib), and three numbers u, one per colour
    channel, uniform on [0, 1]. The background is (p + u) / 2 and the sprite is 1 - (p + u) / 2.
    disentanglement_lib (``ScreamDSprites``) computes this with floats; here they are rounded to
    8 bits, which changes them by at most 0.002.

    The sprites are rendered. The picture is scaled down once, as Pillow did it in 2018, and stored
    in the file after the sprites.

    Nobody has published a checksum of the picture, and there may be another one at its address by
    now. So its sha256 is recorded, and ``facts["origin"]`` is ``unverified``.
    """

    name = "scream_dsprites"
    image_shape = (_SIDE, _SIDE, 3)
    not_factors = MappingProxyType(
        {
            **DSprites.not_factors,
            "background": "the patch of the picture and its colour are drawn at every read",
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

    def __init__(self, rows: Rows, facts: Facts) -> None:
        count = len(self)
        super().__init__(rows[:count], facts)
        # Without a file, there is no picture.
        shape = json.loads(facts.get("picture_shape", "[0, 0, 3]"))
        picture_bytes = rows[count:].ravel()
        picture = picture_bytes[: math.prod(shape)].reshape(shape)
        # Channels before pixels, which is four times as fast.
        self._picture = np.ascontiguousarray(np.moveaxis(picture, 2, 0))

    @classmethod
    def _write(cls, path: Path, source: Path, progress: Progress) -> None:
        [picture_path] = cls.downloaded(source).values()
        picture = _thumbnail(picture_path)
        [row_bytes] = cls.row_shape
        # As many rows as the picture fills; the rest of the last one is zeros.
        picture_count = math.ceil(picture.size / row_bytes)
        picture_rows = np.zeros((picture_count, row_bytes), np.uint8)
        picture_rows.ravel()[: picture.size] = picture.ravel()
        facts = cls._identity() | cls.origin(source)
        facts["picture_shape"] = json.dumps(picture.shape)
        count = math.prod(cls.factor_sizes) + picture_count
        blocks = itertools.chain(cls.blocks(None), [picture_rows])
        file.write(path, (count, row_bytes), blocks, facts, progress)

    def _images(
        self,
        indices: Integers,
        rng: np.random.Generator | None,
    ) -> Images:
        assert rng is not None  # ``images`` requires it
        sprites = np.moveaxis(super()._images(indices, None), 3, 1)
        _, height, width = self._picture.shape
        n = len(indices)
        windows = sliding_window_view(self._picture, (_SIDE, _SIDE), (1, 2))
        top = rng.integers(0, height - _SIDE, n)
        left = rng.integers(0, width - _SIDE, n)
        patches = np.moveaxis(windows[:, top, left], 0, 1)
        images = patches.astype(np.float32)
        colours = rng.uniform(0, 255, (n, 3, 1, 1))
        images += colours.astype(np.float32)
        images *= 0.5
        background = np.rint(images, out=images).astype(np.uint8)
        # For 8 bits, x ^ 255 is 255 - x.
        return np.moveaxis(background ^ sprites, 1, 3)


def _thumbnail(path: Path) -> Rows:
    """The picture scaled down to fit into 350 × 274 pixels, uint8 [h, w, 3].

    This is what ``thumbnail`` of Pillow 5 does, which the study's code called: it decodes a JPEG at
    the smallest of the scales 1/1, 1/2, 1/4 and 1/8 that is large enough, then resizes it
    (bicubic). Later versions of Pillow decode it at twice the size and round the shape differently.
    """
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            # Integer divisions one after the other, as in Pillow 5.
            if width > _MAX_WIDTH:
                width, height = _MAX_WIDTH, height * _MAX_WIDTH // width
            if height > _MAX_HEIGHT:
                width, height = width * _MAX_HEIGHT // height, _MAX_HEIGHT
            if min(width, height) <= _SIDE:
                raise DatasetError(
                    f"{path}: too small: scaled down, it has {width} × {height} pixels, "
                    f"and patches have {_SIDE}"
                )
            picture.draft(None, (width, height))
            rgb = picture.convert("RGB")
            return np.asarray(rgb.resize((width, height), Image.Resampling.BICUBIC))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DatasetError(
            f"{path}: truncated or not a picture ({error}); remove it, and download it again"
        ) from None
