"""Schedules of diffusions, ``x_t = a(t) x_0 + s(t) e``, for times t from 0 to 1.

The same law as the stochastic differential equation dx = f(t) x dt + g(t) dw with f = a' / a and
g² = 2 s (s' - f s). Its reverse in time is dx = (f x - g² score) dt + g dw, and the ordinary
differential equation with the same marginals is dx = (f x - g² score / 2) dt (Song et al. 2021).
Times may be numbers or arrays.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize


class Schedule(ABC):
    """Factors of data and noise over time.

    Subclasses override ``a``, ``s`` and their derivatives. At time 0 there is no noise, unless the
    class says otherwise; at time 1 the law is about N(0, s(1)² I), from which sampling starts.
    """

    @abstractmethod
    def a(self, t: Any) -> Any:
        """Factor of the data."""

    @abstractmethod
    def s(self, t: Any) -> Any:
        """Standard deviation of the noise."""

    @abstractmethod
    def a_rate(self, t: Any) -> Any:
        """Derivative of ``a``."""

    @abstractmethod
    def s_rate(self, t: Any) -> Any:
        """Derivative of ``s``; infinite at time 0 if ``s`` starts as a square root."""

    def drift(self, t: Any) -> Any:
        """Coefficient f = a' / a of the drift."""
        return self.a_rate(t) / self.a(t)

    def squared_diffusion(self, t: Any) -> Any:
        """Square g² = 2 s (s' - f s) of the coefficient of noise."""
        s = self.s(t)
        return 2 * s * (self.s_rate(t) - self.drift(t) * s)

    def half_log_snr(self, t: Any) -> Any:
        """λ = log(a / s), half of the logarithm of the signal-to-noise ratio; it falls with t."""
        return np.log(self.a(t)) - np.log(self.s(t))

    def time_of(
        self,
        half_log_snr: float,
        low: float = 0.0,
        high: float = 1.0,
    ) -> float:
        """Return the time between ``low`` and ``high`` with this λ.

        Raises:
            ValueError: there is none.
        """

        # By the angle, which is finite where a or s is 0.
        def excess(t: float) -> float:
            return math.atan2(
                self.s(t),
                self.a(t),
            ) - math.atan(math.exp(-half_log_snr))

        if excess(low) > 0 or excess(high) < 0:
            raise ValueError(f"no time from {low:g} to {high:g} has log(a / s) = {half_log_snr:g}")
        return float(
            optimize.brentq(
                excess,
                low,
                high,
                xtol=1e-15,
                rtol=1e-14,
            )
        )


@dataclass(frozen=True)
class VariancePreserving(Schedule):
    """a² + s² = 1 with f = -β(t) / 2 and β linear from ``beta_min`` to ``beta_max``.

    The continuous form of DDPM's schedule (Ho et al. 2020; Song et al. 2021, eq. 11, 32, 33).
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

    def beta(self, t: Any) -> Any:
        """β(t), which is g²."""
        return self.beta_min + t * (self.beta_max - self.beta_min)

    def _log_a(self, t: Any) -> Any:
        return -0.5 * t * self.beta_min - 0.25 * t**2 * (self.beta_max - self.beta_min)

    def a(self, t: Any) -> Any:
        return np.exp(self._log_a(t))

    def s(self, t: Any) -> Any:
        return np.sqrt(-np.expm1(2 * self._log_a(t)))

    def a_rate(self, t: Any) -> Any:
        return self.drift(t) * self.a(t)

    def s_rate(self, t: Any) -> Any:
        return -self.a(t) * self.a_rate(t) / self.s(t)

    def drift(self, t: Any) -> Any:
        return -0.5 * self.beta(t)

    def squared_diffusion(self, t: Any) -> Any:
        return self.beta(t)


@dataclass(frozen=True)
class SubVariancePreserving(VariancePreserving):
    """The same ``a`` with s = 1 - a², less noise at all times (Song et al. 2021, eq. 13, 14)."""

    def s(self, t: Any) -> Any:
        return -np.expm1(2 * self._log_a(t))

    def s_rate(self, t: Any) -> Any:
        return -2 * self.a(t) * self.a_rate(t)

    def squared_diffusion(self, t: Any) -> Any:
        return self.beta(t) * -np.expm1(4 * self._log_a(t))


@dataclass(frozen=True)
class VarianceExploding(Schedule):
    """a = 1 with s from ``least`` to ``most``, geometrically (Song et al. 2021, eq. 9, 31).

    The law at time 0 has noise of deviation ``least``; sampling starts with deviation ``most``.
    """

    least: float = 0.01
    most: float = 50.0

    def a(self, t: Any) -> Any:
        return 1.0 + 0.0 * t

    def s(self, t: Any) -> Any:
        return self.least * np.exp(t * math.log(self.most / self.least))

    def a_rate(self, t: Any) -> Any:
        return 0.0 * t

    def s_rate(self, t: Any) -> Any:
        return self.s(t) * math.log(self.most / self.least)


@dataclass(frozen=True)
class Cosine(Schedule):
    """A quarter turn: a = cos(π t / 2), s = sin(π t / 2).

    As in Salimans & Ho 2022. Nichol & Dhariwal 2021 shift t by 0.008 and divide by the value at 0.
    """

    def a(self, t: Any) -> Any:
        # cos(π / 2) is 6e-17 in floating point; the sine of the rest is 0.
        return np.sin(0.5 * np.pi * (1 - t))

    def s(self, t: Any) -> Any:
        return np.sin(0.5 * np.pi * t)

    def a_rate(self, t: Any) -> Any:
        return -0.5 * np.pi * self.s(t)

    def s_rate(self, t: Any) -> Any:
        return 0.5 * np.pi * self.a(t)


@dataclass(frozen=True)
class Straight(Schedule):
    """a = 1 - t, s = t: flow matching's straight path, or rectified flow.

    Lipman et al. 2023 and Liu et al. 2023 count time from noise to data.
    """

    def a(self, t: Any) -> Any:
        return 1.0 - t

    def s(self, t: Any) -> Any:
        return 1.0 * t

    def a_rate(self, t: Any) -> Any:
        return -1.0 + 0.0 * t

    def s_rate(self, t: Any) -> Any:
        return 1.0 + 0.0 * t


SCHEDULES: dict[str, Schedule] = {
    "variance_preserving": VariancePreserving(),
    "sub_variance_preserving": SubVariancePreserving(),
    "variance_exploding": VarianceExploding(),
    "cosine": Cosine(),
    "straight": Straight(),
}
