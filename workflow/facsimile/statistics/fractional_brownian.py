"""Fractional Brownian motion, and its Markov approximation with the best coefficients.

The motion of Hurst index H is, up to its type, an integral of white noise dW,

- type I (Mandelbrot & Van Ness 1968): over all past times, with stationary increments;
- type II (Riemann-Liouville): over [0, t] alone,

with the kernel (t - s)^(H - 1/2) / Γ(H + 1/2). At H = 1/2 both are Brownian motion. Its variance at
t = 1 is not 1 otherwise: `scale` is the factor of type I.

The approximation is B̂(t) = Σ_k ω_k (Y_k(t) - Y_k(0)) with dY_k = -γ_k Y_k dt + dW, one W for all k.
Y starts from its stationary law (type I) or from 0 (type II). The coefficients ω minimise
∫_0^T E (B - B̂)² dt, so that A ω = b (Daems et al. 2024, "Variational inference for SDEs driven by
fractional noise"). All functions compute in float64.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
# Above it, exp(x) Q(a, x) is computed by its continued fraction: exp overflows at 709.
LARGE = 30.0
FRACTIONS = 60


def speeds(
    number: int,
    largest: float,
) -> Floats:
    """Return γ [number], geometric from 1 / ``largest`` to ``largest``; 1 if there is only one.

    Raises:
        ValueError: fewer than one, or a largest speed that is not above 1.
    """
    if number < 1 or not largest > 1:
        raise ValueError(
            f"{number} speeds up to {largest:g}: give 1 or more, and a largest one above 1"
        )
    return np.asarray(np.geomspace(1 / largest, largest, number) if number > 1 else np.ones(1))


def scale(hurst: float) -> float:
    """Return the variance of type I at t = 1, 1 / (Γ(2H + 1) sin πH)."""
    _check(hurst)
    return float(1 / (special.gamma(2 * hurst + 1) * math.sin(math.pi * hurst)))


def covariance(
    kind: int,
    hurst: float,
    times: npt.ArrayLike,
) -> Floats:
    """Return the covariance [n, n] of the motion at ``times`` [n], none below 0.

    Args:
        kind: 1 or 2, the type. Type I divided by `scale` has the variance 1 at t = 1.
        hurst: H in (0, 1).
        times: times.
    """
    _check(hurst, kind)
    t = np.asarray(times, np.float64)
    early, late = np.minimum.outer(t, t), np.maximum.outer(t, t)
    if kind == 1:
        squares = early ** (2 * hurst) + late ** (2 * hurst) - (late - early) ** (2 * hurst)
        return np.asarray(scale(hurst) / 2 * squares)
    # The integral of ((t - u) (s - u))^(H - 1/2) over [0, s], s <= t.
    ratio = np.divide(early, late, out=np.zeros_like(early), where=late > 0)
    series = special.hyp2f1(0.5 - hurst, 1.0, hurst + 1.5, ratio)
    power = np.zeros_like(early)
    np.power(late, hurst - 0.5, out=power, where=late > 0)
    factor = (hurst + 0.5) * special.gamma(hurst + 0.5) ** 2
    return np.asarray(early ** (hurst + 0.5) * power * series / factor)


def coefficients(
    kind: int,
    hurst: float,
    gammas: Floats,
    horizon: float,
) -> Floats:
    """Return the best ω [k] for the speeds ``gammas`` [k] on [0, ``horizon``]."""
    matrix, vector = normal_equations(kind, hurst, gammas, horizon)
    return np.asarray(np.linalg.solve(matrix, vector))


def normal_equations(
    kind: int,
    hurst: float,
    gammas: Floats,
    horizon: float,
) -> tuple[Floats, Floats]:
    """Return A [k, k] and b [k], integrals over [0, T] of products with Y_k(t) - Y_k(0)."""
    _check(hurst, kind)
    sums = np.add.outer(gammas, gammas)
    ends = gammas * horizon
    if kind == 1:
        lost = -np.expm1(-ends) / gammas
        matrix = (2 * horizon - np.add.outer(lost, lost)) / sums
        tail = np.exp(-ends) - scaled_upper_gamma(hurst + 0.5, ends)
        vector = 2 * horizon / gammas ** (hurst + 0.5) + tail / gammas ** (hurst + 1.5)
        vector -= horizon ** (hurst + 0.5) / (gammas * special.gamma(hurst + 1.5))
    else:
        matrix = (horizon + np.expm1(-sums * horizon) / sums) / sums
        first = special.gammainc(hurst + 0.5, ends) / gammas ** (hurst + 0.5)
        second = special.gammainc(hurst + 1.5, ends) / gammas ** (hurst + 1.5)
        vector = horizon * first - (hurst + 0.5) * second
    return np.asarray(matrix), np.asarray(vector)


def riemann_coefficients(
    hurst: float,
    gammas: Floats,
) -> Floats:
    """Return ω [k] by linear interpolation between the speeds in the exact integral over them.

    B is an integral of Y_γ over γ with the density γ^(-H - 1/2) (Carmona & Coutin 1998), if
    H < 1/2; otherwise of Y_γ's derivative in γ with the density γ^(1/2 - H). This is what the
    released code calls omega_riemann, ``coefficients`` are the paper's.

    Raises:
        ValueError: fewer than two speeds.
    """
    _check(hurst)
    if len(gammas) < 2:
        raise ValueError("interpolation needs two speeds or more")
    alpha = hurst + 0.5
    widths = np.diff(gammas)
    first = np.diff(gammas ** (2 - alpha)) / (2 - alpha)
    result = np.zeros_like(gammas)
    if hurst < 0.5:
        zeroth = np.diff(gammas ** (1 - alpha)) / (1 - alpha)
        factor = 1 / (special.gamma(alpha) * special.gamma(1 - alpha))
        result[1:] += factor * (first - gammas[:-1] * zeroth) / widths
        result[:-1] += factor * (gammas[1:] * zeroth - first) / widths
    else:
        factor = 1 / (special.gamma(alpha) * special.gamma(2 - alpha))
        result[1:] -= factor * first / widths
        result[:-1] += factor * first / widths
    return result


def cost(
    kind: int,
    hurst: float,
    gammas: Floats,
    horizon: float,
    omega: Floats,
) -> float:
    """Return the mean over [0, T] of E (B - B̂)², for any coefficients ``omega`` [k]."""
    matrix, vector = normal_equations(kind, hurst, gammas, horizon)
    power = 2 * hurst + 1
    if kind == 1:
        own = scale(hurst) * horizon**power / power
    else:
        own = horizon**power / (2 * hurst * power * special.gamma(hurst + 0.5) ** 2)
    return float(omega @ matrix @ omega - 2 * vector @ omega + own) / horizon


def markov_covariance(
    kind: int,
    omega: Floats,
    gammas: Floats,
    times: npt.ArrayLike,
) -> Floats:
    """Return the covariance [n, n] of the approximation at ``times`` [n]."""
    _check(0.5, kind)
    t = np.asarray(times, np.float64)
    early, late = np.minimum.outer(t, t), np.maximum.outer(t, t)
    total = np.zeros_like(early)
    for first, gamma in zip(omega, gammas, strict=True):
        for second, other in zip(omega, gammas, strict=True):
            # Y_γ at the later of two times, whichever it is, with the other at the earlier one.
            decayed = np.exp(-gamma * (late - early))
            if kind == 2:
                part = decayed * -np.expm1(-(gamma + other) * early)
            else:
                part = decayed + 1 - np.exp(-gamma * late) - np.exp(-other * early)
            total += first * second * part / (gamma + other)
    # The sum has both orders of each pair, so that it is symmetric up to rounding.
    return (total + total.T) / 2


def scaled_upper_gamma(
    a: float,
    x: Floats,
) -> Floats:
    """Return exp(x) Q(a, x) for x > 0, Q the regularised upper incomplete gamma function."""
    direct = special.gammaincc(a, x) * np.exp(np.minimum(x, LARGE))
    # Legendre's continued fraction, from its end.
    fraction = np.zeros_like(x)
    for n in range(FRACTIONS, 0, -1):
        fraction = n * (n - a) / (x + 2 * n + 1 - a - fraction)
    large = x**a / (special.gamma(a) * (x + 1 - a - fraction))
    return np.asarray(np.where(x <= LARGE, direct, large))


def _check(hurst: float, kind: int = 1) -> None:
    if not 0 < hurst < 1:
        raise ValueError(f"a Hurst index is between 0 and 1, not {hurst:g}")
    if kind not in (1, 2):
        raise ValueError(f"the type is 1 or 2, not {kind!r}")
