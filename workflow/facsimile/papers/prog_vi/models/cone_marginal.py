"""A guide of the noisy cone with an auxiliary angle, for the objectives HVI, IWHVI and DIWHVI."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.papers.prog_vi.models._cone import ConeGuide, Particles, log_normal


@dataclass(frozen=True)
class ConeMarginal(ConeGuide):
    """A guide that marginalises an angle by importance sampling.

    Becker et al. 2024, Table 4: HVI, IWHVI, DIWHVI.

    q(x, y) = ∫ N(x; √z cos 2πu, σ₁) N(y; √z sin 2πu, σ₂) du, with u uniform on (0, 1). The
    parameters are log σ₁ and log σ₂, which start at 0.

    The density is estimated by the mean over m values of u: the one that generated the sample, and
    m − 1 new ones. The logarithm of the estimate bounds log q from above in expectation, and hence
    the objective from below.

    Args:
        auxiliary: m, values of u in one estimate of the density.
            1 is hierarchical variational inference.
    """

    auxiliary: float = 1

    def start(self) -> list[float]:
        return [0.0, 0.0]

    def widths(self) -> dict[str, int]:
        # The first u generates the point, the others are new.
        return {"xy": 2, "u": int(self.auxiliary)}

    def propose(
        self,
        parameters: Tensor,
        z: Tensor,
        noise: Mapping[str, Tensor],
        fixed: bool,
    ) -> Particles:
        centres = _centres(z, noise["u"])
        points = centres[..., 0, :] + parameters.exp() * noise["xy"]
        points = points.detach() if fixed else points
        # Log-density of each point given each u, [b, n, m].
        scales = parameters.exp()
        given_u = log_normal(points[..., None, :], centres, scales).sum(-1)
        m = given_u.shape[-1]
        # Logarithm of the mean over u.
        log_q = given_u.logsumexp(-1) - math.log(m)
        return Particles(points[..., 0], points[..., 1], log_q)

    def log_joint(
        self,
        parameters: Tensor,
        z: Tensor,
        particles: Particles,
        noise: Mapping[str, Tensor],
    ) -> Tensor:
        points = torch.stack((particles.x, particles.y), -1)
        # The first u generated the point.
        centres = _centres(z, noise["u"])[..., 0, :]
        return log_normal(points, centres, parameters.exp()).sum(-1)

    def check(self) -> None:
        super().check()
        if self.auxiliary < 1:
            raise ValueError(f"auxiliary must be 1 or more, not {self.auxiliary}")


def _centres(z: Tensor, noise: Tensor) -> Tensor:
    """Return points [b, n, m, 2] on the ring from standard normals [b, n, m].

    The normal distribution function makes the normals uniform on (0, 1).
    """
    angle = 2 * math.pi * torch.special.ndtr(noise)
    directions = torch.stack((angle.cos(), angle.sin()), -1)
    return z.sqrt()[..., None, None] * directions
