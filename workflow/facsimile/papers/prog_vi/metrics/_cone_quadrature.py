"""Exact values for the noisy cone by quadrature (``models/_cone.py`` describes the model)."""

import functools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import integrate, optimize

Vector = npt.NDArray[np.float64]
Objective = Callable[[Vector, float], float]

PRIOR = 10.0
# Gauss-Hermite nodes per dimension: 64, 96 and 128 agree to 1e-12 at the optimum.
NODES = 64
# Angles of the ring; for an integrand of period 2π the sum converges exponentially: 16 and 32 agree
# to 1e-13.
ANGLES = 16


def _log_normal(
    value: Vector,
    mean: Vector | float,
    scale: Vector | float,
) -> Vector:
    """Log-density of a normal distribution."""
    standardised = (value - mean) / scale
    log_density: Vector = -0.5 * standardised**2 - np.log(scale) - 0.5 * math.log(2 * math.pi)
    return log_density


def _log_cone(x: Vector, y: Vector, z: float) -> Vector:
    """Joint log-density log p(x, y, z)."""
    square = x**2 + y**2
    prior = _log_normal(x, 0, PRIOR) + _log_normal(y, 0, PRIOR)
    return prior + _log_normal(np.asarray(z), square, 0.1 + square / 100)


@functools.cache
def log_evidence(z: float) -> float:
    """Logarithm of p(z).

    x² + y² is exponential with mean 2 · 10², which leaves one integral, over a narrow peak at z.
    """

    def density(square: float) -> float:
        noise = 0.1 + square / 100
        standardised = (z - square) / noise
        likelihood = math.exp(-0.5 * standardised**2) / (noise * math.sqrt(2 * math.pi))
        return likelihood * math.exp(-square / (2 * PRIOR**2)) / (2 * PRIOR**2)

    value, _ = integrate.quad(density, 0, z + 40, points=[z], limit=400, epsabs=1e-13)
    return math.log(value)


@functools.cache
def _nodes() -> tuple[Vector, Vector, Vector]:
    """Quadrature nodes of a standard normal in the plane, and their weights."""
    points, weights = np.polynomial.hermite_e.hermegauss(NODES)
    x, y = np.meshgrid(points, points, indexing="ij")
    return x, y, np.outer(weights, weights) / (2 * math.pi)


def elbo(parameters: Vector, z: float) -> float:
    """Evidence lower bound of the mean-field guide with parameters μ₁, μ₂, log σ₁, log σ₂."""
    x, y, weights = _nodes()
    mean, log_scale = parameters[:2], parameters[2:]
    scale = np.exp(log_scale)
    log_density = _log_cone(mean[0] + scale[0] * x, mean[1] + scale[1] * y, z)
    expected = (weights * log_density).sum()
    return float(expected + log_scale.sum() + 1 + math.log(2 * math.pi))


def hvi(parameters: Vector, z: float) -> float:
    """Bound of hierarchical variational inference, with parameters log σ₁, log σ₂.

    There is one auxiliary variable, an angle.
    """
    x, y, weights = _nodes()
    scale = np.exp(parameters)
    radius = math.sqrt(z)
    per_angle = []
    for angle in 2 * math.pi * np.arange(ANGLES) / ANGLES:
        centre_x, centre_y = radius * math.cos(angle), radius * math.sin(angle)
        log_density = _log_cone(centre_x + scale[0] * x, centre_y + scale[1] * y, z)
        per_angle.append((weights * log_density).sum())
    return float(np.mean(per_angle) + parameters.sum() + 1 + math.log(2 * math.pi))


@functools.cache
def best(
    objective: Objective,
    start: tuple[float, ...],
    z: float,
) -> float:
    """Largest value of ``elbo`` or ``hvi`` over their parameters, searched from ``start``."""
    result = optimize.minimize(
        lambda parameters: -objective(parameters, z),
        np.array(start),
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 4000},
    )
    return -float(result.fun)
