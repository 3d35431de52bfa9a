"""Codes whose D_LSBD is known in closed form."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.control import Control, with_log_variance

LABEL = "Known codes"
MOST = 10  # turns that D_LSBD tries


@dataclass(frozen=True)
class KnownCodes(Control):
    """Circles (cos kθ, sin kθ) of each factor, on which D_LSBD is 0; or a straight line.

    Computed from the factors, not from images. With n values of a factor, the straight line has
    D_LSBD 1 - 3 / (2 (n² - 1) sin²(π/n)), which is near 1 - 3 / (2 π²).

    turns: number k of turns of each circle, 1 to 10; 0 for the factors' values themselves.
    """

    turns: float = 1

    def codes(
        self,
        factors: np.ndarray,
        seed: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        if not self.turns:
            return with_log_variance(factors)
        angles = 2 * np.pi * self.turns * factors / (factors.max(axis=0) + 1)
        circles = np.stack([np.cos(angles), np.sin(angles)], axis=2)
        return with_log_variance(circles.reshape(len(factors), -1))

    def check(self) -> None:
        if self.turns not in range(MOST + 1):
            raise ValueError(
                f"known_codes: turns must be a whole number from 0 to {MOST}, not {self.turns}"
            )
