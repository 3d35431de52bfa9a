"""The control that knows nothing."""

from dataclasses import dataclass

import numpy as np

from facsimile.models._control import Control, with_log_variance

LATENTS = 10


@dataclass(frozen=True)
class Noise(Control):
    """Codes are 10 standard normals an image, from PCG64 with the run's seed: what a metric gives no representation at all."""

    def codes(self, factors: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        return with_log_variance(np.random.default_rng(seed).standard_normal((len(factors), LATENTS), dtype=np.float32))
