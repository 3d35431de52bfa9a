"""Points that move to a sample of two Gaussians by gradient descent on a divergence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base import optimisers, rng
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses
from facsimile.models.base.optimisers import SGDSettings
from facsimile.papers.cs_ib.models import _kernels
from facsimile.studies.training import Training

STEP_SECONDS = {"1": 0.0024}

GROUP = "points"
FREE = 400
FIXED = 200  # of each Gaussian
EARLY = 40  # the first steps, of which every one is stored


class Points(nn.Module):
    """Free points [400, 2], which move, and the offsets of 400 fixed points from their means."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.free = nn.Parameter(torch.zeros(FREE, dimensions))
        self.register_buffer("offsets", torch.zeros(2 * FIXED, dimensions))

    def kernels(self, means: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the mean kernels of fixed points, of free points, and between the two.

        Args:
            means: means [2, 2] of the Gaussians.
        """
        fixed = means.repeat_interleave(FIXED, 0) + self.offsets  # type: ignore[operator]
        return (
            MeanKernel.apply(fixed, fixed),
            MeanKernel.apply(self.free, self.free),
            MeanKernel.apply(fixed, self.free),
        )


class MeanKernel(torch.autograd.Function):
    """Mean of exp(-|aᵢ - bⱼ|² / 2) over all pairs of points [n, d] and [m, d].

    Its gradient takes two products with the kernel matrix, where autograd passes over the matrix
    a dozen times. The gradient is right for equal arguments, too, since autograd adds both parts.
    """

    @staticmethod
    def forward(
        ctx: Any,
        first: Tensor,
        second: Tensor,
    ) -> Tensor:
        # One product gives -|aᵢ - bⱼ|² / 2: aᵢ · bⱼ - |aᵢ|² / 2 - |bⱼ|² / 2.
        left = _extended(first, norm_first=True)
        right = _extended(second, norm_first=False)
        kernel = (left @ right.T).exp_()
        ctx.save_for_backward(first, second, kernel)
        return kernel.mean()

    @staticmethod
    def backward(
        ctx: Any,
        *gradients: Tensor,
    ) -> tuple[Tensor | None, Tensor | None]:
        first, second, kernel = ctx.saved_tensors
        scale = gradients[0] / kernel.numel()
        of_first = of_second = None
        if ctx.needs_input_grad[0]:
            of_first = scale * _pull(kernel.T, first, second)
        if ctx.needs_input_grad[1]:
            of_second = scale * _pull(kernel, second, first)
        return of_first, of_second


def _pull(
    kernel: Tensor,
    points: Tensor,
    others: Tensor,
) -> Tensor:
    """Return Σᵢ Kᵢⱼ (otherᵢ - pointⱼ), [m, d], of a kernel matrix of others and points [n, m].

    A narrow matrix on the left is multiplied five times as fast as one on the right.
    """
    drawn_to = (others.T @ kernel).T
    return drawn_to - kernel.sum(0)[:, None] * points


def _extended(
    points: Tensor,
    norm_first: bool,
) -> Tensor:
    """Return points [n, d] with two more columns, -|p|² / 2 and 1, in this order or the other."""
    norms = -0.5 * points.square().sum(1, keepdim=True)
    ones = torch.ones_like(norms)
    columns = (norms, ones) if norm_first else (ones, norms)
    return torch.cat((points, *columns), 1)


@dataclass(frozen=True)
class DivergenceDescent(ArraysModel):
    """Gradient descent on the Cauchy-Schwarz divergence of 400 free points from 400 fixed ones.

    Yu et al. 2024, "Cauchy-Schwarz divergence information bottleneck for regression", the example
    of two Gaussians. Free points start from N(0, I).

    Args:
        rate: learning rate; 200 in the released script.
    """

    rate: float
    takes: ClassVar[Shapes] = {"mean": (2,)}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [dimensions] = shapes["mean"]
        return {GROUP: Points(dimensions)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Draw both kinds of points from N(0, I)."""
        points = points_of(networks)
        with torch.no_grad():
            points.free.copy_(rng.normals_for(seed, 0, "free", points.free.shape))
            points.offsets.copy_(  # type: ignore[operator]
                rng.normals_for(seed, 0, "fixed", points.offsets.shape)  # type: ignore[arg-type]
            )

    def optimisers(self, training: Training) -> SGDSettings:
        """Plain gradient descent with the model's own rate; the study's optimiser is not used."""
        return SGDSettings(self.rate)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        kernels = points_of(networks).kernels(batch["mean"][:2])
        divergence = _kernels.divergence(*kernels)
        terms = {
            "cs_divergence": divergence.detach(),
            "squared_mmd": _kernels.squared_mmd(*kernels).detach(),
        }
        return Losses({GROUP: divergence}, terms)

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the final ``points``, and ``early_*``: both discrepancies of the first steps.

        A history has every k-th step only, and early steps change most. They are made again here.
        """
        points = points_of(networks)
        again = {GROUP: Points(points.free.shape[1])}
        self.initialise(again, seed)
        descent = optimisers.make(SGDSettings(self.rate), again[GROUP])
        early: dict[str, list[Tensor]] = {"cs_divergence": [], "squared_mmd": []}
        with torch.enable_grad():
            for step in range(EARLY + 1):
                losses = self.losses(again, whole, {}, step)
                for name, value in losses.terms.items():
                    early[name].append(value)
                parameters = list(again[GROUP].parameters())
                gradients = torch.autograd.grad(losses.minimise[GROUP], parameters)
                descent.step(gradients)
        stored = {f"early_{name}": torch.stack(values) for name, values in early.items()}
        return stored | {"points": points.free.detach()}

    def check(self) -> None:
        if not self.rate > 0:
            raise ValueError(f"rate must be above 0, not {self.rate:g}")


def points_of(networks: Mapping[str, nn.Module]) -> Points:
    """Return the points of a run."""
    points = networks[GROUP]
    assert isinstance(points, Points)
    return points
