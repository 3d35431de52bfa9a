"""Noisy-dSprites: white sprites on noise that is drawn at every read (Locatello et al. 2019)."""

from types import MappingProxyType

import numpy as np

from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.dsprites import DSprites

LABEL = "Noisy-dSprites"


class NoisyDSprites(DSprites):
    """dSprites on a background of noise.

    Every channel of every background pixel is uniform on the 256 levels; sprites stay white.
    disentanglement_lib (``NoisyDSprites``) draws floats uniform on [0, 1], adds them to the image
    and clips at 1, which is the same except for the rounding to 8 bits.
    """

    name = "noisy_dsprites"
    image_shape = (*DSprites.image_shape[:2], 3)
    not_factors = MappingProxyType(
        {
            **DSprites.not_factors,
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
        # Channels before pixels, which is twice as fast.
        sprites = np.moveaxis(super()._images(indices, None), 3, 1)
        shape = (len(indices), 3, *self.image_shape[:2])
        noise = rng.integers(0, 256, shape, np.uint8)
        return np.moveaxis(np.maximum(sprites, noise), 1, 3)
