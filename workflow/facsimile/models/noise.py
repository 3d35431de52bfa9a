"""The control whose codes carry no information about the factors."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base import rng
from facsimile.models.base.control import Control, with_log_variance

LABEL = "Noise"
LATENTS = 10  # as many as the study's models have


@dataclass(frozen=True)
class Noise(Control):
    """The codes of each image are 10 standard normals: what a metric gives to no representation.

    They come from the project's own generator with (seed, "noise"). A metric that seeds NumPy with
    the same number therefore draws another stream.
    """

    def codes(
        self,
        factors: np.ndarray,
        seed: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        generator = rng.generator(seed, "noise", 0)
        shape = (len(factors), LATENTS)
        return with_log_variance(generator.standard_normal(shape, dtype=np.float32))
