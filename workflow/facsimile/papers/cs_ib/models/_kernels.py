"""Divergences between samples by Gaussian kernels.

Equations are numbered as in Yu et al. 2024, "Cauchy-Schwarz divergence information bottleneck for
regression". A kernel matrix has one row per sample of the first argument; the width of the kernel
is 1 unless it is stated.
"""

import math

import torch
from torch import Tensor

LOG_2 = math.log(2)


def gaussian_kernel(
    first: Tensor,
    second: Tensor,
    width: float = 1.0,
) -> Tensor:
    """Return exp(-|aᵢ - bⱼ|² / (2 width²)) [n, m] of points [n, d] and [m, d]."""
    squares = first.square().sum(1)[:, None] + second.square().sum(1)
    distances = squares - 2 * first @ second.T
    return torch.exp(-distances.clamp(min=0) / (2 * width**2))


def divergence(
    first: Tensor,
    second: Tensor,
    cross: Tensor,
) -> Tensor:
    """Return the Cauchy-Schwarz divergence of two samples, in nats.

    -2 log Σ cross + log Σ first + log Σ second, each Σ divided by its number of entries.

    Args:
        first: kernel matrix of the first sample with itself [n, n], or its mean.
        second: kernel matrix of the second sample with itself [m, m], or its mean.
        cross: kernel matrix of the two samples [n, m], or its mean.
    """
    return first.mean().log() + second.mean().log() - 2 * cross.mean().log()


def squared_mmd(
    first: Tensor,
    second: Tensor,
    cross: Tensor,
) -> Tensor:
    """Return the squared maximum mean discrepancy of two samples; arguments as above."""
    return first.mean() + second.mean() - 2 * cross.mean()


def conditional_divergence(
    x: Tensor,
    y: Tensor,
    predicted: Tensor,
    squares_within: bool = False,
) -> Tensor:
    """Return the divergence of p(y|x) and q(ŷ|x), in nats (eq. 9 and its estimator).

    With K, L¹, L², L¹² the kernel matrices of x, of y, of ŷ, and of ŷ with y, it is
    -2 log Σᵢ (Σⱼ K L¹²) / (Σⱼ K)² + log Σᵢ (Σⱼ K L¹) / (Σⱼ K)² + log Σᵢ (Σⱼ K L²) / (Σⱼ K)².

    Args:
        x: conditions [b, d].
        y: targets [b, 1].
        predicted: predictions [b, 1].
        squares_within: divide by Σⱼ K², as the released code does, instead of by (Σⱼ K)².
    """
    kernel = gaussian_kernel(x, x)
    weights = kernel.square().sum(1) if squares_within else kernel.sum(1).square()
    logarithms = []
    for first, second in ((predicted, y), (y, y), (predicted, predicted)):
        joint = kernel * gaussian_kernel(first, second)
        logarithms.append((joint.sum(1) / weights).sum().log())
    cross, of_targets, of_predictions = logarithms
    return of_targets + of_predictions - 2 * cross


def collapsed_divergence(
    y: Tensor,
    predicted: Tensor,
) -> Tensor:
    """Return what the released divergence computes of vectors [b], in bits.

    The released code takes the squared norm of a batch of targets for that of each target, if the
    batch is a vector. The kernel matrix of y then has the same entry everywhere, exp(-|y - ŷ|² / 2)
    or 1, and the divergence is Σᵢ (yᵢ - ŷᵢ)² / log 2, whatever x is.
    """
    return (y - predicted).square().sum() / LOG_2


def quadratic_information(
    first: Tensor,
    second: Tensor,
) -> Tensor:
    """Return the Cauchy-Schwarz quadratic mutual information of two kernel matrices, in nats.

    log tr(K Q) / n² + log (1ᵀK1) (1ᵀQ1) / n⁴ - 2 log 1ᵀKQ1 / n³ of matrices [n, n].
    """
    n = len(first)
    joint = (first * second).mean()
    product = first.mean() * second.mean()
    cross = (first.sum(0) * second.sum(0)).sum() / n**3
    return joint.log() + product.log() - 2 * cross.log()


def normalised_information(
    x: Tensor,
    codes: Tensor,
) -> Tensor:
    """Return I(x; t) / √(I(x; x) I(t; t)) of a batch [b, d] and its codes [b, k], from 0 to 1.

    In double precision, since all kernels are nearly 1 where codes are small.
    """
    of_x = gaussian_kernel(x.double(), x.double())
    of_codes = gaussian_kernel(codes.double(), codes.double())
    scale = quadratic_information(of_x, of_x) * quadratic_information(of_codes, of_codes)
    return quadratic_information(of_x, of_codes) / scale.sqrt()
