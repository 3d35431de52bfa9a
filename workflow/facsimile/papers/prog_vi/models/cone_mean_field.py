"""A mean-field Gaussian guide of the noisy cone, fitted by ELBO or IWELBO."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from facsimile.papers.prog_vi.models._cone import ConeGuide, Particles, log_normal

STEP_SECONDS = {"1": 6.5e-4}


@dataclass(frozen=True)
class ConeMeanField(ConeGuide):
    """q(x, y) = N(x; μ₁, σ₁) N(y; μ₂, σ₂) (Becker et al. 2024, Table 4: ELBO, IWELBO).

    The parameters are μ₁, μ₂, log σ₁ and log σ₂.

    Args:
        start_x: starting value of μ₁; μ₂ starts at 0 and both log σ at 1.
    """

    start_x: float = 0

    def start(self) -> list[float]:
        return [float(self.start_x), 0.0, 1.0, 1.0]

    def widths(self) -> dict[str, int]:
        return {"xy": 2}

    def propose(
        self,
        parameters: Tensor,
        z: Tensor,
        noise: Mapping[str, Tensor],
        fixed: bool,
    ) -> Particles:
        mean = parameters[:2]
        scale = parameters[2:].exp()  # the parameters are logarithms, so scales are positive
        points = mean + scale * noise["xy"]
        points = points.detach() if fixed else points
        log_q = log_normal(points, mean, scale).sum(-1)
        return Particles(points[..., 0], points[..., 1], log_q)

    def log_joint(
        self,
        parameters: Tensor,
        z: Tensor,
        particles: Particles,
        noise: Mapping[str, Tensor],
    ) -> Tensor:
        # Nothing but the points is drawn, so their log-density is that of all draws.
        return particles.log_q
