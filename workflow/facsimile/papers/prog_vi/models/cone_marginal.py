"""A guide of the noisy cone with an auxiliary angle, marginalised by importance sampling: HVI, IWHVI, DIWHVI."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.papers.prog_vi.models._cone import ConeGuide, Particles, log_normal


@dataclass(frozen=True)
class ConeMarginal(ConeGuide):
    """q(x, y) = ∫ N(x; √z cos 2πu, σ₁) N(y; √z sin 2πu, σ₂) du, u uniform on (0, 1); its parameters are log σ₁, log σ₂, from 0.

    The density is estimated by the mean over m values of u, the one that made the point and m − 1 drawn anew: its logarithm
    bounds log q from above in expectation, and the objective from below (Becker et al. 2024, Table 4: HVI, IWHVI, DIWHVI).

    auxiliary: m, values of u in one estimate of the density; 1 is hierarchical variational inference.
    """

    auxiliary: float = 1

    def start(self) -> list[float]:
        return [0.0, 0.0]

    def widths(self) -> dict[str, int]:
        return {"xy": 2, "u": int(self.auxiliary)}

    def propose(
        self, parameters: Tensor, z: Tensor, noise: Mapping[str, Tensor], fixed: bool
    ) -> Particles:
        rings = _rings(z, noise["u"])
        points = rings[..., 0, :] + parameters.exp() * noise["xy"]
        points = points.detach() if fixed else points
        each = log_normal(points[..., None, :], rings, parameters.exp()).sum(-1)
        return Particles(
            points[..., 0], points[..., 1], each.logsumexp(-1) - math.log(each.shape[-1])
        )

    def log_joint(
        self, parameters: Tensor, z: Tensor, found: Particles, noise: Mapping[str, Tensor]
    ) -> Tensor:
        points = torch.stack((found.x, found.y), -1)
        return log_normal(points, _rings(z, noise["u"])[..., 0, :], parameters.exp()).sum(-1)

    def check(self) -> None:
        super().check()
        if self.auxiliary < 1:
            raise ValueError(f"auxiliary must be 1 or more, not {self.auxiliary}")


def _rings(z: Tensor, noise: Tensor) -> Tensor:
    """Centres [b, n, m, 2] on the ring, from standard normals [b, n, m], whose distribution function makes them uniform."""
    angle = 2 * math.pi * torch.special.ndtr(noise)
    return z.sqrt()[..., None, None] * torch.stack((angle.cos(), angle.sin()), -1)
