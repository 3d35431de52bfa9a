"""Color-dSprites: sprites in a colour that is drawn at every read (Locatello et al. 2019)."""

from types import MappingProxyType

import numpy as np

from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.dsprites import DSprites

LABEL = "Color-dSprites"


class ColorDSprites(DSprites):
    """dSprites in random colours.

    Red, green and blue of a sprite are uniform on [0.5, 1], independent of each other and of the
    factors. disentanglement_lib (``ColorDSprites``) draws them as floats; here they are rounded to
    8 bits, which changes them by at most 0.002.
    """

    name = "color_dsprites"
    image_shape = (*DSprites.image_shape[:2], 3)
    not_factors = MappingProxyType(
        {"colour": "drawn at every read; an index does not determine it"},
    )
    stochastic = True

    def _images(
        self,
        indices: Integers,
        rng: np.random.Generator | None,
    ) -> Images:
        assert rng is not None  # ``images`` requires it
        # Channels before pixels, which is six times as fast.
        sprites = np.moveaxis(super()._images(indices, None), 3, 1)
        levels = 255 * rng.uniform(0.5, 1, (len(indices), 3, 1, 1))
        colours = np.rint(levels).astype(np.uint8)
        return np.moveaxis(np.minimum(sprites, colours), 1, 3)
