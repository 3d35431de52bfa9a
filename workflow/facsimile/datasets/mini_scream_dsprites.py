"""Mini-Scream-dSprites: 16 × 16 sprites that invert a patch of Munch's painting."""

from types import MappingProxyType

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.base.file import Facts, Rows
from facsimile.datasets.mini_dsprites import SCALE, SIDE, MiniDSprites
from facsimile.datasets.scream_dsprites import ScreamDSprites

LABEL = "Mini-Scream-dSprites"
_PATCH = SIDE * SCALE  # pixels of the picture along each side of a patch


class MiniScreamDSprites(MiniDSprites, ScreamDSprites):
    """Mini-dSprites on random patches of a picture, made as Scream-dSprites is.

    A patch covers 64 × 64 pixels of the same picture at the same positions as there (Locatello et
    al. 2019), averaged to 16 × 16. With the patch p, a colour u that is uniform on [0, 1] and the
    share a of a pixel that the sprite covers, the background is b = (p + u) / 2 and the image is
    (1 - a) b + a (1 - b).

    Files, and how the picture is stored, are those of ``scream_dsprites``.
    """

    name = "mini_scream_dsprites"
    image_shape = (SIDE, SIDE, 3)
    not_factors = MappingProxyType(
        {
            **MiniDSprites.not_factors,
            "background": "the patch of the picture and its colour are drawn at every read",
        }
    )
    licence = "MIT (the sprites); the picture, by Edvard Munch (died 1944), is in the public domain"
    stochastic = True

    def __init__(self, rows: Rows, facts: Facts) -> None:
        super().__init__(rows, facts)
        # The mean of the 4 × 4 pixels to the right of and below each pixel, float32 [3, h, w].
        self._means = _moving_means(self._picture)

    def _images(
        self,
        indices: Integers,
        rng: np.random.Generator | None,
    ) -> Images:
        assert rng is not None  # ``images`` requires it
        n = len(indices)
        _, height, width = self._picture.shape
        top = rng.integers(0, height - _PATCH, n)
        left = rng.integers(0, width - _PATCH, n)
        drawn = rng.uniform(0, 255, (n, 1, 1, 3))
        colours = drawn.astype(np.float32)
        background = (self._patches(top, left) + colours) / 2
        sprites = self.decode(self._rows[indices])
        covered = sprites.astype(np.float32) / 255
        images = background + covered * (255 - 2 * background)
        return np.rint(images).astype(np.uint8)

    def _patches(self, top: Integers, left: Integers) -> np.ndarray:
        """Averaged patches of the picture, float32 [n, 16, 16, 3]."""
        span = _PATCH - SCALE + 1
        windows = sliding_window_view(self._means, (span, span), (1, 2))
        squares = windows[..., ::SCALE, ::SCALE]
        patches: np.ndarray = squares[:, top, left]  # [3, n, 16, 16]
        return np.moveaxis(patches, 0, 3)


def _moving_means(picture: Rows) -> np.ndarray:
    """Means of 4 × 4 pixels at every position of a picture [3, h, w], float32 [3, h-3, w-3]."""
    if min(picture.shape[1:]) < SCALE:  # a data set that was opened without its file
        return np.empty((3, 0, 0), np.float32)
    squares = sliding_window_view(picture, (SCALE, SCALE), (1, 2))
    sums = squares.sum(axis=(3, 4), dtype=np.float32)
    return sums / SCALE**2
