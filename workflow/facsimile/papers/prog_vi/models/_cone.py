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


def log_normal(
    value: Tensor,
    mean: Tensor | float,
    scale: Tensor | float,
) -> Tensor:
    """Return the log-density of N(mean, scale), where ``scale`` is a standard deviation."""
    spread = torch.as_tensor(scale, dtype=value.dtype)
    standardised = (value - mean) / spread
    return -0.5 * standardised.square() - spread.log() - HALF_LOG_TAU


def log_cone(
    x: Tensor,
    y: Tensor,
    z: Tensor,
) -> Tensor:
    """Return log p(x, y, z) of the cone, elementwise."""
    square = x.square() + y.square()
    prior = log_normal(x, 0.0, PRIOR) + log_normal(y, 0.0, PRIOR)
    return prior + log_normal(z, square, 0.1 + square / 100)


@dataclass(frozen=True)
class ConeGuide(ArraysModel):
    """A guide that maximises E log (1/n) Σᵢ p(xᵢ, yᵢ, z) / q(xᵢ, yᵢ).

    With one particle the objective is the evidence lower bound. Subclasses override ``start``,
    ``widths``, ``propose`` and ``log_joint``.

    Args:
        particles: n, samples of the guide in one importance-weighted estimate.
        score_function: gradient estimator, 0 for reparameterisation, 1 for REINFORCE.
            The former differentiates through the samples, the latter weights the score of q by the
            objective.
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
        self,
        parameters: Tensor,
        z: Tensor,
        noise: Mapping[str, Tensor],
        fixed: bool,
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

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        return {"guide": Guide(self.start())}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Do nothing: guides start at fixed values."""

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        draws = {}
        for name, width in self.widths().items():
            draws[name] = Draw("normal", (batch, int(self.particles), width))
        return draws

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        parameters = parameters_of(networks)
        surrogate, values = self.estimates(parameters, batch["z"], noise)
        values = values.detach()
        terms = {"objective": values.mean(), "variance": values.var(correction=0)}
        return Losses({"guide": -surrogate.mean()}, terms)

    def estimates(
        self,
        parameters: Tensor,
        z: Tensor,
        noise: Mapping[str, Tensor],
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
        z = z[:, None]  # the same for all particles
        particles = self.propose(parameters, z, noise, fixed)
        log_weights = log_cone(particles.x, particles.y, z) - particles.log_q
        n = log_weights.shape[1]
        # Logarithm of the mean of the importance weights.
        values = log_weights.logsumexp(1) - math.log(n)
        if not fixed:
            return values, values
        score = self.log_joint(parameters, z, particles, noise).sum(1)
        # The added term is zero; its gradient is the objective times the gradient of the score.
        return values + values.detach() * (score - score.detach()), values

    @abstractmethod
    def log_joint(
        self,
        parameters: Tensor,
        z: Tensor,
        particles: Particles,
        noise: Mapping[str, Tensor],
    ) -> Tensor:
        """Return the log-density [b, n] of all draws of ``propose`` that depends on parameters.

        The samples are held fixed.
        """

    def traces(
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        return {"parameter": parameters_of(networks)}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the guide's ``parameters`` and ``objective``, [samples] estimates of it."""
        n = int(self.samples)
        noise = {}
        for name, draw in self.draws(n, 0).items():
            # Other draws than those of training, whose purpose is the plain name.
            noise[name] = rng.normals_for(seed, 0, f"evaluate:{name}", draw.shape)
        # Repeat the observations until there is one for each estimate.
        z = whole["z"]
        repeats = -(-n // len(z))  # rounded up
        observed = z.repeat(repeats)[:n]
        parameters = parameters_of(networks)
        values = self.estimates(parameters, observed, noise)[1]
        return {"parameters": parameters.detach(), "objective": values}

    def check(self) -> None:
        if self.particles < 1:
            raise ValueError(f"particles must be 1 or more, not {self.particles:g}")
        if self.samples < 2:
            raise ValueError(f"samples must be 2 or more, not {self.samples:g}")
        if self.score_function not in (0, 1):
            raise ValueError(f"score_function must be 0 or 1, not {self.score_function:g}")


def parameters_of(networks: Mapping[str, nn.Module]) -> Tensor:
    """Return the parameters of the guide."""
    guide = networks["guide"]
    assert isinstance(guide, Guide)
    return guide.parameters_of_q
