"""The control that knows nothing."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base import rng
from facsimile.models.base.control import Control, with_log_variance

LABEL = "Noise"
LATENTS = 10  # as many as the study's models have


@dataclass(frozen=True)
class Noise(Control):
    """Codes are 10 standard normals an image: what a metric gives no representation at all.

    They come from the project's own generator under (seed, "noise"), so that no metric that seeds NumPy with the same number
    draws the same stream.
    """

    def codes(self, factors: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        return with_log_variance(
            rng.generator(seed, "noise", 0).standard_normal(
                (len(factors), LATENTS), dtype=np.float32
            )
        )
