"""Samplers on N(0, l) by hand: the factors of each step, as the papers' formulas have them.

The noisy variance is V(t) = a² l + s². The exact denoiser returns a l / V x, so that the expected
noise is s / V x and the score -1 / V x. Nothing here uses the samplers.
"""

import math
from itertools import pairwise

import numpy as np

from facsimile.statistics.diffusion.gaussian_mixture import Floats
from facsimile.statistics.diffusion.schedules import Schedule


class Factors:
    """What one step does to the standard deviation of a dimension with variance l.

    Args:
        schedule: factors of data and noise.
        variances: l, [d].
    """

    def __init__(
        self,
        schedule: Schedule,
        variances: Floats,
    ) -> None:
        self.schedule = schedule
        self.variances = variances

    def noisy(self, t: float) -> Floats:
        """V(t), [d]."""
        a, s = self.schedule.a(t), self.schedule.s(t)
        return a**2 * self.variances + s**2

    def tangent(self, t: float) -> Floats:
        """Slope of the probability-flow equation, V' / (2 V), [d]."""
        a, s = self.schedule.a(t), self.schedule.s(t)
        rate_of_a, rate_of_s = self.schedule.a_rate(t), self.schedule.s_rate(t)
        return (a * rate_of_a * self.variances + s * rate_of_s) / self.noisy(t)

    def ancestral(
        self,
        t: float,
        u: float,
    ) -> tuple[Floats, float]:
        """Factor [d] and added variance: β̃ = (1 - ᾱ_u) β / (1 - ᾱ_t) with β = 1 - ᾱ_t / ᾱ_u."""
        kept, kept_before = self._alphas(t, u)
        beta = 1 - kept / kept_before
        rest, rest_before = 1 - kept, 1 - kept_before
        denoised = math.sqrt(kept) * self.variances / (kept * self.variances + rest)
        of_data = math.sqrt(kept_before) * beta / rest
        of_noisy = math.sqrt(1 - beta) * rest_before / rest
        return of_noisy + of_data * denoised, rest_before / rest * beta

    def ddim(
        self,
        t: float,
        u: float,
    ) -> tuple[Floats, float]:
        """(a_u a l + s_u s) / V."""
        before = self.schedule.a(t), self.schedule.s(t)
        after = self.schedule.a(u), self.schedule.s(u)
        mixed = after[0] * before[0] * self.variances + after[1] * before[1]
        return mixed / self.noisy(t), 0.0

    def euler(
        self,
        t: float,
        u: float,
    ) -> tuple[Floats, float]:
        """1 + h V' / (2 V)."""
        return 1 + (u - t) * self.tangent(t), 0.0

    def heun(
        self,
        t: float,
        u: float,
    ) -> tuple[Floats, float]:
        """1 + h (k_t + k_u (1 + h k_t)) / 2, and Euler's factor to s = 0."""
        first, _ = self.euler(t, u)
        if self.schedule.s(u) == 0:
            return first, 0.0
        slopes = self.tangent(t) + self.tangent(u) * first
        return 1 + 0.5 * (u - t) * slopes, 0.0

    def dpm_solver_2(
        self,
        t: float,
        u: float,
    ) -> tuple[Floats, float]:
        """The noise of the middle m in λ, at x_m from DDIM's step; DDIM's factor to s = 0."""
        a, s = self.schedule.a, self.schedule.s
        if s(u) == 0:
            return self.ddim(t, u)
        start, end = self.schedule.half_log_snr(t), self.schedule.half_log_snr(u)
        m = self.schedule.time_of(0.5 * (start + end))
        ahead, _ = self.ddim(t, m)
        noise = s(m) / self.noisy(m) * ahead
        return a(u) / a(t) - s(u) * (np.exp(end - start) - 1) * noise, 0.0

    def euler_maruyama(
        self,
        t: float,
        u: float,
    ) -> tuple[Floats, float]:
        """1 + h (f + g² / V) and g² |h|; nothing is added in the step to 0."""
        squared = self.schedule.squared_diffusion(t)
        factor = 1 + (u - t) * (self.schedule.drift(t) + squared / self.noisy(t))
        return factor, squared * (t - u) if u else 0.0

    def _alphas(
        self,
        t: float,
        u: float,
    ) -> tuple[float, float]:
        """DDPM's ᾱ at both times; only for schedules that preserve variance."""
        return self.schedule.a(t) ** 2, self.schedule.a(u) ** 2


def variance(
    sampler: str,
    factors: Factors,
    times: list[float],
) -> Floats:
    """Return the variance [d] of a sampler's output, started from variance s(1)².

    Args:
        sampler: name of a method of ``Factors``.
        factors: schedule and variances of the data.
        times: falling times.
    """
    step = getattr(factors, sampler)
    current = np.full_like(
        factors.variances,
        factors.schedule.s(times[0]) ** 2,
    )
    for t, u in pairwise(times):
        factor, added = step(t, u)
        current = factor**2 * current + added
    return current
