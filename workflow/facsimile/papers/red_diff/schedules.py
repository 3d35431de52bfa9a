"""The schedules of the two releases: x_t = √ᾱ x_0 + √(1 - ᾱ) ε."""

from functools import cache

import numpy as np

from facsimile.statistics.diffusion.gaussian_mixture import Floats

LEAST, MOST, TIMES = 1e-4, 2e-2, 1000  # β of the first and of the last time
SLOPE, START, FIRST = 19.9, 0.1, 1e-3  # of the continuous schedule, and its first time


@cache
def linear(steps: int) -> Floats:
    """Return ᾱ [steps] at descending times, where β is linear in the time (NVlabs/RED-diff).

    Fewer than 1,000 steps are evenly spaced, with both ends.
    """
    betas = np.linspace(LEAST, MOST, TIMES)
    alphas = np.cumprod(1 - betas)
    places = np.linspace(TIMES - 1, 0, steps)
    chosen = places.round().astype(int)
    return _shared(alphas[chosen])


def levels(alpha: float) -> tuple[float, float]:
    """Return √ᾱ and √(1 - ᾱ), what x_0 and the noise are multiplied by."""
    return np.sqrt(alpha), np.sqrt(1 - alpha)


@cache
def continuous(steps: int) -> Floats:
    """Return ᾱ [steps] at times from 1 to 0.001 (the schedule ``vp`` of InverseBench)."""
    times = np.linspace(1, FIRST, steps)
    exponents = SLOPE * times**2 / 2 + START * times
    return _shared(np.exp(-exponents))


def _shared(values: Floats) -> Floats:
    """The values, which each caller is given and none may change."""
    values.setflags(write=False)
    return values
