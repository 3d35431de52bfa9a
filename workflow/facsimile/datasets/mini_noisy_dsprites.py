"""Mini-Noisy-dSprites: 16 × 16 sprites on noise that is drawn at every read."""

from types import MappingProxyType

import numpy as np

from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.mini_dsprites import SIDE, MiniDSprites

LABEL = "Mini-Noisy-dSprites"


class MiniNoisyDSprites(MiniDSprites):
    """Mini-dSprites on a background of noise, made as Noisy-dSprites is (Locatello et al. 2019).

    Every channel of every pixel of 16 × 16 gets noise that is uniform on the 256 levels; it is
    added to the image, and the sum is clipped at 255. So this is not an average of Noisy-dSprites,
    whose noise would nearly vanish.
    """

    name = "mini_noisy_dsprites"
    image_shape = (SIDE, SIDE, 3)
    not_factors = MappingProxyType(
        {
            **MiniDSprites.not_factors,
            "noise": "drawn at every read; an index does not determine it",
        }
    )
    stochastic = True

    def _images(
        self,
        indices: Integers,
        rng: np.random.Generator | None,
    ) -> Images:
        assert rng is not None  # ``images`` requires it
        sprites = super()._images(indices, None)
        noise = rng.integers(0, 256, (len(indices), *self.image_shape), np.uint8)
        # Bytes: noise up to 255 - sprite is added, and the sum stays a byte.
        return sprites + np.minimum(noise, 255 - sprites)
