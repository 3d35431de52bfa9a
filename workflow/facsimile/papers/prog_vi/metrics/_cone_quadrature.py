"""Exact numbers of the noisy cone by quadrature (``models/_cone.py`` says what it is)."""

import functools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import integrate, optimize

Vector = npt.NDArray[np.float64]
Objective = Callable[[Vector, float], float]

PRIOR = 10.0
NODES = 64  # Gauss-Hermite nodes a dimension: 64, 96 and 128 agree to 1e-12 at the optimum
ANGLES = (
    16  # of the ring; an integrand of period 2π converges exponentially: 16 and 32 agree to 1e-13
)


def _log_normal(value: Vector, mean: Vector | float, scale: Vector | float) -> Vector:
    found: Vector = (
        -0.5 * ((value - mean) / scale) ** 2 - np.log(scale) - 0.5 * math.log(2 * math.pi)
    )
    return found


def _log_cone(x: Vector, y: Vector, z: float) -> Vector:
    square = x**2 + y**2
    return (
        _log_normal(x, 0, PRIOR)
        + _log_normal(y, 0, PRIOR)
        + _log_normal(np.asarray(z), square, 0.1 + square / 100)
    )


@functools.cache
def log_evidence(z: float) -> float:
    """Logarithm of p(z): x² + y² is exponential with mean 2 · 10², which leaves one integral, over a narrow peak at z."""

    def density(square: float) -> float:
        noise = 0.1 + square / 100
        spread = math.exp(-0.5 * ((z - square) / noise) ** 2) / (noise * math.sqrt(2 * math.pi))
        return spread * math.exp(-square / (2 * PRIOR**2)) / (2 * PRIOR**2)

    value, _ = integrate.quad(density, 0, z + 40, points=[z], limit=400, epsabs=1e-13)
    return math.log(value)


@functools.cache
def _nodes() -> tuple[Vector, Vector, Vector]:
    """Standard normal nodes in the plane and their weights."""
    points, weights = np.polynomial.hermite_e.hermegauss(NODES)
    x, y = np.meshgrid(points, points, indexing="ij")
    return x, y, np.outer(weights, weights) / (2 * math.pi)


def elbo(parameters: Vector, z: float) -> float:
    """Evidence lower bound of the mean-field guide with parameters μ₁, μ₂, log σ₁, log σ₂."""
    x, y, weights = _nodes()
    scale = np.exp(parameters[2:])
    expected = (
        weights * _log_cone(parameters[0] + scale[0] * x, parameters[1] + scale[1] * y, z)
    ).sum()
    return float(expected + parameters[2:].sum() + 1 + math.log(2 * math.pi))


def hvi(parameters: Vector, z: float) -> float:
    """The bound of hierarchical variational inference with one auxiliary angle, parameters log σ₁, log σ₂."""
    x, y, weights = _nodes()
    scale, radius = np.exp(parameters), math.sqrt(z)
    angles = 2 * math.pi * np.arange(ANGLES) / ANGLES
    each = [
        (
            weights
            * _log_cone(radius * math.cos(a) + scale[0] * x, radius * math.sin(a) + scale[1] * y, z)
        ).sum()
        for a in angles
    ]
    return float(np.mean(each) + parameters.sum() + 1 + math.log(2 * math.pi))


@functools.cache
def best(objective: Objective, start: tuple[float, ...], z: float) -> float:
    """The largest value of ``elbo`` or ``hvi`` over their parameters, which is looked for from a start."""
    options = {"xatol": 1e-6, "fatol": 1e-9, "maxiter": 4000}
    found = optimize.minimize(
        lambda p: -objective(p, z), np.array(start), method="Nelder-Mead", options=options
    )
    return -float(found.fun)
