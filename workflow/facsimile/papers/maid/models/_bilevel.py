"""The quadratic bilevel problem, its exact solution, and the two solvers of the lower level."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile.papers.maid.models import _solvers

Floats = npt.NDArray[np.float64]


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

    def dot(self, first: Floats, second: Floats) -> float:
        """Inner product."""
        return float(first @ second)

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
    """Solve the lower level by FISTA, from x.

    It ends where |grad f| / (strictness · μ) is at most the accuracy, which bounds the distance
    from x(t) for a strictness of 1.

    Returns:
        The point, and how many gradients were computed.
    """
    return _solvers.fista(
        lambda ahead: problem.lower_gradient(ahead, t),
        x,
        accuracy * strictness * problem.convexity,
        problem.convexity,
        problem.smoothness,
        problem.dot,
    )


def conjugate_gradients(
    problem: Bilevel,
    right: Floats,
    tolerance: float,
) -> tuple[Floats, int]:
    """Solve a linear system with the Hessian of f (``_solvers.conjugate_gradients``)."""
    return _solvers.conjugate_gradients(
        lambda direction: problem.hessian @ direction,
        right,
        tolerance,
        problem.dot,
    )
