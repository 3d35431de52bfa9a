"""Denoising by a field of experts: the lower and the upper level, and their derivatives.

Salehi et al. 2025, section 4, and the released FoE.py. With pictures y the lower level is
f(x, θ) = |x - y|² / 2 + R(x) / 2, R(x) = exp(θ₀) Σ_k exp(p_k) Σ √((c_k * x)² + exp(ν_k)²), whose
filters c_k see x with its border reflected. f is convex with μ = 1, whatever θ is; the released f
is divided by the number of pictures. The upper level is g(x) = |x - clean|² / 2 per picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from facsimile.papers.maid.models import _solvers

Floats = npt.NDArray[np.float64]
CONVEXITY = 1.0
BORDER = 2  # pixels that are reflected, as in the released code
POWER_STEPS = 500  # at most, of the power method for the smoothness
STEADY = 1e-4  # relative change of its estimate at which it ends
MARGIN = 1.05  # the estimate is from below


@dataclass(frozen=True)
class Experts:
    """The problem: pictures [n, 1, side, side] in float64, and the sizes of θ.

    θ is [1 + 2 count + count · size²]: θ₀, then p, then ν, then the filters.
    """

    clean: Tensor
    noisy: Tensor
    count: int
    size: int

    @property
    def upper_smoothness(self) -> float:
        return 1 / len(self.clean)

    def upper(self, x: Tensor) -> float:
        """g(x)."""
        return float((x - self.clean).square().sum()) / 2 / len(self.clean)

    def upper_gradient(self, x: Tensor) -> Tensor:
        """Gradient of g."""
        return (x - self.clean) / len(self.clean)

    def dot(self, first: Tensor, second: Tensor) -> float:
        """Inner product."""
        return float((first * second).sum())

    def psnr(self, x: Tensor) -> float:
        """Mean peak signal-to-noise ratio of the pictures, in decibels, for values in [0, 1]."""
        errors = (x - self.clean).square().flatten(1).mean(1)
        return float((-10 * errors.log10()).mean())

    def parts(self, theta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """exp(θ₀ + p_k) / 2 and exp(ν_k) [count, 1, 1] each, filters [count, 1, size, size]."""
        scale, p, log_nu, filters = theta.split(
            [1, self.count, self.count, self.count * self.size**2]
        )
        weights = (scale + p).exp()[:, None, None] / 2
        shape = (self.count, 1, self.size, self.size)
        return weights, log_nu.exp()[:, None, None], filters.reshape(shape)

    def energy(self, x: Tensor, theta: Tensor) -> Tensor:
        """f(x, θ), to test the derivatives below."""
        weights, nu, filters = self.parts(theta)
        responses = _seen(x, filters)
        return (x - self.noisy).square().sum() / 2 + (
            weights * (responses.square() + nu.square()).sqrt()
        ).sum()

    def lower_gradient(self, x: Tensor, theta: Tensor) -> Tensor:
        """Gradient of f in x."""
        weights, nu, filters = self.parts(theta)
        responses, transposed = _linear(x, filters)
        slopes = weights * responses / (responses.square() + nu.square()).sqrt()
        return x - self.noisy + transposed(slopes)

    def curvatures(self, x: Tensor, theta: Tensor) -> Tensor:
        """Second derivatives of the experts at x, [n, count, h, w], which ``hessian`` takes."""
        weights, nu, filters = self.parts(theta)
        responses = _seen(x, filters)
        return weights * nu.square() / (responses.square() + nu.square()) ** 1.5

    def hessian(self, curvatures: Tensor, theta: Tensor, v: Tensor) -> Tensor:
        """Hessian of f in x, times v."""
        _, _, filters = self.parts(theta)
        responses, transposed = _linear(v, filters)
        return v + transposed(curvatures * responses)

    def mixed(self, x: Tensor, theta: Tensor, q: Tensor) -> Tensor:
        """Bᵀ q, the gradient in θ of q · (gradient of f in x)."""
        leaf = theta.detach().requires_grad_(True)
        weights, nu, filters = self.parts(leaf)
        responses = _seen(x, filters)
        slopes = weights * responses / (responses.square() + nu.square()).sqrt()
        value = (slopes * _seen(q, filters)).sum()
        [gradient] = torch.autograd.grad(value, leaf)
        return gradient

    def smoothness(self, theta: Tensor, begin: Tensor) -> tuple[float, Tensor]:
        """The largest eigenvalue that the Hessian has at any x, by the power method from ``begin``.

        Curvatures are largest where responses are 0. Returns the last vector, too.
        """
        weights, nu, _ = self.parts(theta)
        largest = (weights / nu).expand(1, -1, 1, 1)
        v, value = begin / begin.norm(), 1.0
        for _ in range(POWER_STEPS):
            product = self.hessian(largest, theta, v)
            last, value = value, float(product.norm())
            v = product / value
            if abs(value - last) <= STEADY * value:
                break
        return MARGIN * value, v


def experts(
    data: Mapping[str, npt.NDArray[Any]],
    count: int,
    size: int,
) -> Experts:
    """Build the problem from the arrays ``clean`` and ``noisy`` [n, side, side]."""
    pictures = {}
    for name in ("clean", "noisy"):
        pictures[name] = torch.from_numpy(data[name].astype(np.float64))[:, None]
    return Experts(pictures["clean"], pictures["noisy"], count, size)


def start(
    count: int,
    size: int,
    random: np.random.Generator,
) -> Floats:
    """Draw the first θ: -3 for θ₀ and p, -3.5 for ν, and normal filters of mean 0.

    Their standard deviation is Xavier's, 1 / size, before the mean is taken off. The released
    script sets θ one place off: its ν are θ[count] to θ[2 count - 1].
    """
    theta = np.full(1 + 2 * count, -3.0)
    theta[1 + count :] = -3.5
    filters = random.standard_normal((count, size, size)) / size
    filters -= filters.mean((1, 2), keepdims=True)
    return np.concatenate([theta, filters.ravel()])


def fista(
    problem: Experts,
    theta: Tensor,
    x: Tensor,
    accuracy: float,
    smoothness: float,
) -> tuple[Tensor, int]:
    """Solve the lower level by FISTA from x until |grad f| / μ is at most the accuracy.

    Returns:
        The point, and how many gradients were computed.
    """
    return _solvers.fista(
        lambda ahead: problem.lower_gradient(ahead, theta),
        x,
        accuracy * CONVEXITY,
        CONVEXITY,
        smoothness,
        problem.dot,
    )


def conjugate_gradients(
    problem: Experts,
    x: Tensor,
    theta: Tensor,
    right: Tensor,
    tolerance: float,
) -> tuple[Tensor, int]:
    """Solve a linear system with the Hessian of f at x (``_solvers.conjugate_gradients``)."""
    curvatures = problem.curvatures(x, theta)
    return _solvers.conjugate_gradients(
        lambda direction: problem.hessian(curvatures, theta, direction),
        right,
        tolerance,
        problem.dot,
    )


def _seen(x: Tensor, filters: Tensor) -> Tensor:
    """Responses [n, count, h, w] of the filters to pictures whose border is reflected."""
    padded = functional.pad(x, (BORDER,) * 4, mode="reflect")
    return functional.conv2d(padded, filters)


def _linear(x: Tensor, filters: Tensor) -> tuple[Tensor, Any]:
    """Responses, and the function that applies the transposed map to an array of their shape."""
    leaf = x.detach().requires_grad_(True)
    responses = _seen(leaf, filters)

    def transposed(values: Tensor) -> Tensor:
        return torch.autograd.grad(responses, leaf, values)[0]

    return responses.detach(), transposed
