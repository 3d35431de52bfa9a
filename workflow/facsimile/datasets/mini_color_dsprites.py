"""Mini-Color-dSprites: 16 × 16 sprites in a colour that is drawn at every read."""

from types import MappingProxyType

import numpy as np

from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.mini_dsprites import SIDE, MiniDSprites

LABEL = "Mini-Color-dSprites"


class MiniColorDSprites(MiniDSprites):
    """Mini-dSprites in random colours, made as Color-dSprites is (Locatello et al. 2019).

    Red, green and blue of a sprite are uniform on [0.5, 1], independent of each other and of the
    factors; they multiply the grey level of each pixel, as averaging an image of Color-dSprites
    does.
    """

    name = "mini_color_dsprites"
    image_shape = (SIDE, SIDE, 3)
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
        sprites = super()._images(indices, None).astype(np.float32)
        colours = rng.uniform(0.5, 1, (len(indices), 1, 1, 3)).astype(np.float32)
        return np.rint(sprites * colours).astype(np.uint8)
