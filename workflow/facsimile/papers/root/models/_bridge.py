"""The Brownian bridge from high to low designs: its schedule, its noise, and how it is sampled.

At time t, x_t = (1 - m) x_high + m x_low + s e with m from 0.001 to 0.999, e ~ N(0, I) and
s² = c m (1 - m). The text has c = 1 (Dao et al. 2025, eq. 10), the released code c = 2.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
TIMES = 1_000
FIRST, LAST = 0.001, 0.999
# Maps points [n, d] and the number of a time to an estimate of x_t - x_high.
Estimate = Callable[[Floats, int], Floats]


@dataclass(frozen=True)
class Bridge:
    """The schedule; ``factor`` is c."""

    factor: float

    @property
    def mixing(self) -> Floats:
        """The share m of the low end at each time, [1000]."""
        return np.linspace(FIRST, LAST, TIMES)

    @property
    def variances(self) -> Floats:
        """s² at each time, [1000]."""
        m = self.mixing
        variances: Floats = self.factor * m * (1 - m)
        return variances

    def noised(
        self,
        high: Floats,
        low: Floats,
        times: npt.NDArray[np.integer],
        noise: Floats,
    ) -> tuple[Floats, Floats]:
        """Return x_t and x_t - x_high, [n, d] each, at times [n] for ends and noise [n, d]."""
        m = self.mixing[times][:, None]
        offset = m * (low - high) + np.sqrt(self.variances[times])[:, None] * noise
        return high + offset, offset

    def conditional_variance(
        self,
        time: int,
        earlier: int,
    ) -> float:
        """Variance of x at an earlier time, nearer to the high end, given a later x and both ends.

        The bridge is Markov: x_t is (1 - m_t) / (1 - m_s) times x_s, plus independent noise and a
        multiple of the low end.
        """
        m, variances = self.mixing, self.variances
        shrinking = ((1 - m[time]) / (1 - m[earlier])) ** 2
        between = variances[time] - variances[earlier] * shrinking
        return float(between * variances[earlier] / variances[time])

    def sampled(
        self,
        low: Floats,
        estimate: Estimate,
        steps: int,
        eta: float,
        random: np.random.Generator,
    ) -> Floats:
        """Walk from the low ends [n, d] to high ones.

        Args:
            low: where the walk begins and what it is conditioned on.
            estimate: of x_t - x_high.
            steps: number of the 1,000 times that are visited.
            eta: multiple of the standard deviation of the noise of a step; its variance is that of
                the exact conditional for 1. As in the released code, the mean is not changed.
            random: generator of the noise.
        """
        m, variances = self.mixing, self.variances
        times = visited(steps)
        x = low
        for time, earlier in itertools.pairwise(times):
            high = x - estimate(x, time)
            variance = self.conditional_variance(time, earlier)
            residual = x - (1 - m[time]) * high - m[time] * low
            scale = np.sqrt((variances[earlier] - variance) / variances[time])
            mean = (1 - m[earlier]) * high + m[earlier] * low + scale * residual
            x = mean + eta * np.sqrt(variance) * random.normal(size=x.shape)
        return x - estimate(x, times[-1])


def visited(steps: int) -> list[int]:
    """The times that a sampler of so many steps visits, from the last one to 0.

    Evenly spaced, then 1 and 0, as in the released code.

    Raises ValueError for fewer than 3 steps or more than there are times.
    """
    if not 3 <= steps <= TIMES:
        raise ValueError(f"sampling steps must be from 3 to {TIMES}, not {steps}")
    spacing = (TIMES - 1) / (steps - 2)
    evenly = np.arange(TIMES - 1, 1, -spacing).astype(int)
    return [*evenly.tolist(), 1, 0]
