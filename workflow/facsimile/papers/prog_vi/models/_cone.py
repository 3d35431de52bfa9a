"""The noisy cone, and what its guides share: densities, objectives and two gradient estimators.

x, y ~ N(0, 10), z ~ N(x² + y², 0.1 + (x² + y²) / 100), where the second argument of N is a standard
deviation. z is observed, and a guide q(x, y) is fitted to the posterior, a ring of radius √z
(femtomc/programmable-vi-pldi-2024, the paper's Table 4).
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

PRIOR = 10.0  # standard deviation of x and y
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class Particles(NamedTuple):
    """Samples of a guide, [b, n] each.

    Attributes:
        x: first coordinates.
        y: second coordinates.
        log_q: logarithm of the guide's density at each sample, or of an estimate of the density.
    """

    x: Tensor
    y: Tensor
    log_q: Tensor


class Guide(nn.Module):
    """The parameters of a guide as one vector.

    Args:
        start: values before the first step.
    """

    def __init__(self, start: list[float]) -> None:
        super().__init__()
        self.parameters_of_q = nn.Parameter(torch.tensor(start))


def log_normal(value: Tensor, mean: Tensor | float, scale: Tensor | float) -> Tensor:
    """Return the log-density of N(mean, scale), where ``scale`` is a standard deviation."""
    spread = torch.as_tensor(scale, dtype=value.dtype)
    return -0.5 * ((value - mean) / spread).square() - spread.log() - HALF_LOG_TAU


def log_cone(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Return log p(x, y, z) of the cone, elementwise."""
    square = x.square() + y.square()
    prior = log_normal(x, 0.0, PRIOR) + log_normal(y, 0.0, PRIOR)
    return prior + log_normal(z, square, 0.1 + square / 100)


@dataclass(frozen=True)
class ConeGuide(ArraysModel):
    """A guide that maximises E log (1/n) Σᵢ p(xᵢ, yᵢ, z) / q(xᵢ, yᵢ).

    With one particle this is the evidence lower bound. Subclasses override ``start``, ``widths``,
    ``propose`` and ``log_joint``.

    Args:
        particles: n, samples of the guide in one importance-weighted estimate.
        score_function: gradient estimator. 0: differentiate through the samples
            (reparameterisation). 1: weight the score of q by the objective (REINFORCE).
        samples: estimates of the objective that are drawn from the trained guide and stored.
    """

    particles: float = 1
    score_function: float = 0
    samples: float = 5000
    takes: ClassVar[Shapes] = {"z": ()}

    @abstractmethod
    def start(self) -> list[float]:
        """Return the parameters of the guide before the first step."""

    @abstractmethod
    def propose(
        self, parameters: Tensor, z: Tensor, noise: Mapping[str, Tensor], fixed: bool
    ) -> Particles:
        """Sample the guide.

        Args:
            parameters: parameters of the guide.
            z: observations [b, 1].
            noise: standard normals [b, n, width] by the names of ``widths``.
            fixed: if True, no gradient flows through the samples themselves.
        """

    @abstractmethod
    def widths(self) -> dict[str, int]:
        """Return the number of standard normals that each particle needs, by purpose."""

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        return {"guide": Guide(self.start())}

    def initialise(self, networks: Mapping[str, nn.Module], seed: int) -> None:
        """Do nothing: guides start at fixed values."""

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        n = int(self.particles)
        return {name: Draw("normal", (batch, n, width)) for name, width in self.widths().items()}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        surrogate, values = self.estimates(parameters_of(networks), batch["z"], noise)
        mean = values.detach().mean()
        terms = {"objective": mean, "variance": values.detach().var(correction=0)}
        return Losses({"guide": -surrogate.mean()}, terms)

    def estimates(
        self, parameters: Tensor, z: Tensor, noise: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Estimate the objective and its gradient for each observation.

        Args:
            parameters: parameters of the guide.
            z: observations [b].
            noise: standard normals [b, n, width] by the names of ``widths``.

        Returns:
            A surrogate [b] whose gradient is an unbiased estimate of the objective's gradient, and
            an estimate [b] of the objective.
        """
        fixed = bool(self.score_function)
        particles = self.propose(parameters, z[:, None], noise, fixed)
        weights = log_cone(particles.x, particles.y, z[:, None]) - particles.log_q
        values = weights.logsumexp(1) - math.log(weights.shape[1])
        if not fixed:
            return values, values
        score = self.log_joint(parameters, z[:, None], particles, noise).sum(1)
        # The added term is zero; its gradient is the objective times the gradient of the score.
        return values + values.detach() * (score - score.detach()), values

    @abstractmethod
    def log_joint(
        self, parameters: Tensor, z: Tensor, particles: Particles, noise: Mapping[str, Tensor]
    ) -> Tensor:
        """Return the log-density [b, n] of all draws of ``propose`` that depends on parameters.

        The samples are held fixed.
        """

    def traces(self, networks: Mapping[str, nn.Module], batch: Batch) -> dict[str, Tensor]:
        return {"parameter": parameters_of(networks)}

    def learned(
        self, networks: Mapping[str, nn.Module], whole: Batch, seed: int
    ) -> dict[str, Tensor]:
        """Return the guide's ``parameters`` and ``objective``, [samples] estimates of it."""
        n = int(self.samples)
        key = torch.tensor([seed]), torch.tensor([0])
        noise = {}
        for name, width in self.widths().items():
            shape = (n, int(self.particles), width)
            noise[name] = rng.normals(*key, f"evaluate:{name}", math.prod(shape)).view(shape)
        repeats = -(-n // len(whole["z"]))  # rounded up
        observed = whole["z"].repeat(repeats)[:n]
        parameters = parameters_of(networks)
        values = self.estimates(parameters, observed, noise)[1]
        return {"parameters": parameters.detach(), "objective": values}

    def check(self) -> None:
        if self.particles < 1 or self.samples < 2 or self.score_function not in (0, 1):
            raise ValueError(
                "particles must be 1 or more, samples 2 or more, score_function 0 or 1"
            )


def parameters_of(networks: Mapping[str, nn.Module]) -> Tensor:
    """Return the parameters of the guide."""
    guide = networks["guide"]
    assert isinstance(guide, Guide)
    return guide.parameters_of_q
