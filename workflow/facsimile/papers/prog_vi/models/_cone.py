"""The noisy cone and what its guides share: log-densities, importance-weighted objectives, two gradient estimators.

x, y ~ N(0, 10), z ~ N(x² + y², 0.1 + (x² + y²) / 100), where N's second argument is a standard deviation. z is observed, and
a guide q(x, y) is fitted to the posterior, a ring of radius √z (femtomc/programmable-vi-pldi-2024, the paper's Table 4).
"""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses

PRIOR = 10.0
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class Particles(NamedTuple):
    """Points x, y [b, n] of a guide and, of each, the logarithm [b, n] of the guide's density or of an estimate of it."""

    x: Tensor
    y: Tensor
    log_q: Tensor


class Guide(nn.Module):
    """The parameters of a guide, one vector; ``start`` are its values before the first step."""

    def __init__(self, start: list[float]) -> None:
        super().__init__()
        self.parameters_of_q = nn.Parameter(torch.tensor(start))


def log_normal(value: Tensor, mean: Tensor | float, scale: Tensor | float) -> Tensor:
    """Log-density of N(mean, scale), ``scale`` a standard deviation."""
    spread = torch.as_tensor(scale, dtype=value.dtype)
    return -0.5 * ((value - mean) / spread).square() - spread.log() - HALF_LOG_TAU


def log_cone(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Logarithm of p(x, y, z) of the cone, element by element."""
    square = x.square() + y.square()
    return (
        log_normal(x, 0.0, PRIOR)
        + log_normal(y, 0.0, PRIOR)
        + log_normal(z, square, 0.1 + square / 100)
    )


@dataclass(frozen=True)
class ConeGuide(ArraysModel):
    """Maximises E log (1/n) Σᵢ p(xᵢ, yᵢ, z) / q(xᵢ, yᵢ), for one particle the evidence lower bound.

    particles: n, points of the guide in one importance-weighted estimate.
    score_function: 0 differentiates through the points (reparameterisation), 1 weighs q's score by the objective (REINFORCE).
    samples: estimates of the objective that are drawn of the trained guide and stored.
    """

    particles: float = 1
    score_function: float = 0
    samples: float = 5000
    takes: ClassVar[Shapes] = {"z": ()}

    @abstractmethod
    def start(self) -> list[float]:
        """Parameters of the guide before the first step."""

    @abstractmethod
    def propose(
        self, parameters: Tensor, z: Tensor, noise: Mapping[str, Tensor], fixed: bool
    ) -> Particles:
        """Points of the guide from standard normal noise; with ``fixed`` no gradient flows through the points themselves."""

    @abstractmethod
    def widths(self) -> dict[str, int]:
        """Standard normals that each particle needs, by purpose."""

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        return {"guide": Guide(self.start())}

    def initialise(self, made: Mapping[str, nn.Module], seed: int) -> None:
        """The stated start: nothing is drawn."""

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return {
            name: Draw("normal", (batch, int(self.particles), width))
            for name, width in self.widths().items()
        }

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        surrogate, values = self.estimates(parameters_of(networks), batch["z"], noise)
        mean = values.detach().mean()
        return Losses(
            {"guide": -surrogate.mean()},
            {"objective": mean, "variance": values.detach().var(correction=0)},
        )

    def estimates(
        self, parameters: Tensor, z: Tensor, noise: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Of each observation z [b] a number whose gradient is unbiased for that of the objective, and an estimate of it."""
        found = self.propose(parameters, z[:, None], noise, fixed=bool(self.score_function))
        weights = log_cone(found.x, found.y, z[:, None]) - found.log_q
        values = weights.logsumexp(1) - math.log(weights.shape[1])
        if not self.score_function:
            return values, values
        score = self.log_joint(parameters, z[:, None], found, noise).sum(1)
        return values + values.detach() * (score - score.detach()), values

    @abstractmethod
    def log_joint(
        self, parameters: Tensor, z: Tensor, found: Particles, noise: Mapping[str, Tensor]
    ) -> Tensor:
        """Log-density [b, n] of all that ``propose`` drew of each particle and that depends on the parameters, points held."""

    def traces(self, networks: Mapping[str, nn.Module], batch: Batch) -> dict[str, Tensor]:
        return {"parameter": parameters_of(networks)}

    def learned(
        self, networks: Mapping[str, nn.Module], whole: Batch, seed: int
    ) -> dict[str, Tensor]:
        """``parameters`` of the guide and ``objective``, as many estimates of it as ``samples`` says."""
        n = int(self.samples)
        shapes = {name: (n, int(self.particles), width) for name, width in self.widths().items()}
        key = torch.tensor([seed]), torch.tensor([0])
        noise = {
            k: rng.normals(*key, f"evaluate:{k}", math.prod(s)).view(s) for k, s in shapes.items()
        }
        observed = whole["z"].repeat(-(-n // len(whole["z"])))[:n]
        values = self.estimates(parameters_of(networks), observed, noise)[1]
        return {"parameters": parameters_of(networks).detach(), "objective": values}

    def check(self) -> None:
        if self.particles < 1 or self.samples < 2 or self.score_function not in (0, 1):
            raise ValueError(
                "particles must be 1 or more, samples 2 or more, score_function 0 or 1"
            )


def parameters_of(networks: Mapping[str, nn.Module]) -> Tensor:
    """The parameters of the guide."""
    guide = networks["guide"]
    assert isinstance(guide, Guide)
    return guide.parameters_of_q
