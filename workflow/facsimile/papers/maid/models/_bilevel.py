"""The quadratic bilevel problem, its exact solution, and the two solvers of the lower level."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MOST_ITERATIONS = 2000  # of each call of a solver, as in the released code


@dataclass(frozen=True)
class Bilevel:
    """min g(x(t)), x(t) = argmin f(x, t), both quadratic, in R^n and R^m.

    Attributes:
        hessian: A₂ᵀ A₂, of f in x.
        cross: A₂ᵀ A₃, the mixed derivative B of f.
        linear: A₂ᵀ b₂.
        upper_hessian, upper_linear, upper_constant: A₁ᵀ A₁, A₁ᵀ b₁ and |b₁|² / 2.
        begin: the x from which algorithms start.
        convexity, smoothness: least and largest eigenvalue of ``hessian``, μ and L.
        upper_smoothness: largest eigenvalue of ``upper_hessian``.
        cross_norm: spectral norm of ``cross``.
        least: the least value of g(x(t)).
    """

    hessian: Floats
    cross: Floats
    linear: Floats
    upper_hessian: Floats
    upper_linear: Floats
    upper_constant: float
    begin: Floats
    convexity: float
    smoothness: float
    upper_smoothness: float
    cross_norm: float
    least: float

    def solution(self, t: Floats) -> Floats:
        """x(t), by a linear solve."""
        right = self.linear - self.cross @ t
        return np.asarray(np.linalg.solve(self.hessian, right), np.float64)

    def lower_gradient(
        self,
        x: Floats,
        t: Floats,
    ) -> Floats:
        """Gradient of f in x."""
        gradient: Floats = self.hessian @ x + self.cross @ t - self.linear
        return gradient

    def upper(self, x: Floats) -> float:
        """g(x)."""
        return float(x @ self.upper_hessian @ x / 2 - self.upper_linear @ x + self.upper_constant)

    def upper_gradient(self, x: Floats) -> Floats:
        """Gradient of g."""
        gradient: Floats = self.upper_hessian @ x - self.upper_linear
        return gradient

    def hypergradient(self, t: Floats) -> Floats:
        """Gradient of g(x(t)) in t, by linear solves."""
        outer = self.upper_gradient(self.solution(t))
        gradient: Floats = -self.cross.T @ np.linalg.solve(self.hessian, outer)
        return gradient


def bilevel(data: Mapping[str, npt.NDArray[Any]]) -> Bilevel:
    """Build the problem from the arrays of ``bilevel_quadratic``, in float64."""
    a1, a2, a3, b1, b2 = (data[name].astype(np.float64) for name in ("a1", "a2", "a3", "b1", "b2"))
    hessian, cross = a2.T @ a2, a2.T @ a3
    spectrum = np.linalg.eigvalsh(hessian)
    # x(t) is affine in t, so that the best t is that of a least-squares problem.
    per_t = -np.linalg.solve(hessian, cross)
    at_zero = np.linalg.solve(hessian, a2.T @ b2)
    best, *_ = np.linalg.lstsq(a1 @ per_t, b1 - a1 @ at_zero, rcond=None)
    left = a1 @ (at_zero + per_t @ best) - b1
    return Bilevel(
        hessian=hessian,
        cross=cross,
        linear=a2.T @ b2,
        upper_hessian=a1.T @ a1,
        upper_linear=a1.T @ b1,
        upper_constant=float(b1 @ b1) / 2,
        begin=data["begin"][0].astype(np.float64),
        convexity=float(spectrum[0]),
        smoothness=float(spectrum[-1]),
        upper_smoothness=float(np.linalg.norm(a1.T @ a1, 2)),
        cross_norm=float(np.linalg.norm(cross, 2)),
        least=float(left @ left) / 2,
    )


def fista(
    problem: Bilevel,
    t: Floats,
    x: Floats,
    accuracy: float,
    strictness: float,
) -> tuple[Floats, int]:
    """Solve the lower level by FISTA for strongly convex functions, from x.

    It ends where |grad f| / (strictness · μ) is at most the accuracy, which bounds the distance
    from x(t) for a strictness of 1.

    Returns:
        The point, and how many gradients were computed.
    """
    ratio = problem.convexity / problem.smoothness
    before, momentum = x, 0.0
    for count in range(1, MOST_ITERATIONS + 1):
        past = momentum
        shrunk = 1 - ratio * past**2
        momentum = (shrunk + math.sqrt(shrunk**2 + 4 * past**2)) / 2
        weight = (past - 1) * (1 - momentum * ratio) / (momentum * (1 - ratio))
        ahead = x + weight * (x - before)
        gradient = problem.lower_gradient(ahead, t)
        size = math.sqrt(float(gradient @ gradient))
        if size <= accuracy * strictness * problem.convexity:
            return ahead, count
        before, x = x, ahead - gradient / problem.smoothness
    return x, MOST_ITERATIONS


def conjugate_gradients(
    matrix: Floats,
    right: Floats,
    tolerance: float,
) -> tuple[Floats, int]:
    """Solve a linear system until the residual is at most the tolerance, from 0.

    Returns:
        The solution, and how many products with the matrix were computed.
    """
    solution = np.zeros_like(right)
    residual, direction = right, right
    square = float(residual @ residual)
    count = 0
    while math.sqrt(square) > tolerance and count < MOST_ITERATIONS:
        count += 1
        product = matrix @ direction
        length = square / float(direction @ product)
        solution = solution + length * direction
        residual = residual - length * product
        last, square = square, float(residual @ residual)
        direction = residual + square / last * direction
    return solution, count
