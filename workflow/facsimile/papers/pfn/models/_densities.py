"""Predictive densities of an observation y, and their KL divergence from an exact Gaussian.

Observations are in units of their standard deviation under the prior, so that without any observed
point y ~ N(0, 1).
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.special import ndtr, ndtri

END = 1 / 2_000_000  # probability beyond each end, about that of an extreme of 2 million draws
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class Density(ABC):
    """A family of densities, whose parameters are the last dimension of a network's output.

    Attributes:
        parameters: number of parameters of one density.
    """

    parameters: int

    @abstractmethod
    def log_density(
        self,
        output: Tensor,
        y: Tensor,
    ) -> Tensor:
        """Return the log-density [...] at y [...], given outputs [..., parameters]."""

    @abstractmethod
    def kl(
        self,
        output: Tensor,
        mean: Tensor,
        variance: Tensor,
    ) -> Tensor:
        """Return the KL divergence [...] from Gaussians to densities of the family, in nats.

        Args:
            output: parameters of the densities [..., parameters].
            mean: means of the Gaussians [...].
            variance: variances of the Gaussians [...].
        """

    @abstractmethod
    def least_kl(
        self,
        mean: Tensor,
        variance: Tensor,
    ) -> Tensor:
        """Return the least KL divergence [...] from Gaussians to any density of the family."""


class GaussianDensity(Density):
    """A Gaussian, with mean and log-variance as its parameters."""

    parameters = 2

    def log_density(
        self,
        output: Tensor,
        y: Tensor,
    ) -> Tensor:
        mean, log_variance = output.unbind(-1)
        squared = (y - mean).square() * (-log_variance).exp()
        return -0.5 * (squared + log_variance) - HALF_LOG_TAU

    def kl(
        self,
        output: Tensor,
        mean: Tensor,
        variance: Tensor,
    ) -> Tensor:
        own_mean, log_variance = output.unbind(-1)
        squared = (mean - own_mean).square() + variance
        return 0.5 * (log_variance - variance.log() + squared * (-log_variance).exp() - 1)

    def least_kl(
        self,
        mean: Tensor,
        variance: Tensor,
    ) -> Tensor:
        return torch.zeros_like(mean)


class RiemannDensity(Density):
    """Buckets of equal probability under the prior, with half a normal at each end.

    Within a bucket the density is constant; the parameters are the logits of the buckets' masses
    (Müller et al. 2022, "Riemann distribution"). The first and the last bucket have no end: their
    density is that of half a normal distribution, half of whose mass is nearer than the border
    beyond which N(0, 1) has the mass ``END``.

    Args:
        buckets: number of buckets, at least 2.
    """

    def __init__(self, buckets: int) -> None:
        self.parameters = buckets
        probabilities = torch.linspace(0, 1, buckets + 1, dtype=torch.float64)
        self.borders = ndtri(probabilities.clamp(END, 1 - END))
        self.widths = self.borders.diff()
        # The scale of half a normal distribution whose median is the width.
        median = ndtri(torch.tensor(0.75, dtype=torch.float64))
        self.scale = (self.widths[0] / median).item()
        # What is added to the logarithm of a mass, before the square of the half-normals.
        self.log_heights = -self.widths.log()
        self.log_heights[[0, -1]] = math.log(2) - HALF_LOG_TAU - math.log(self.scale)

    def log_density(
        self,
        output: Tensor,
        y: Tensor,
    ) -> Tensor:
        inner = self.borders[1:-1].to(y.dtype)
        bucket = torch.searchsorted(inner, y.contiguous())
        log_masses = output.log_softmax(-1).gather(-1, bucket[..., None])[..., 0]
        heights = self.log_heights.to(y.dtype)[bucket]
        # Distance beyond the first or last inner border; 0 between them.
        beyond = (inner[0] - y).clamp(min=0) + (y - inner[-1]).clamp(min=0)
        return log_masses + heights - 0.5 * (beyond / self.scale).square()

    def kl(
        self,
        output: Tensor,
        mean: Tensor,
        variance: Tensor,
    ) -> Tensor:
        masses = self.masses(mean, variance)
        log_masses = output.to(masses.dtype).log_softmax(-1)
        return self._divergence(log_masses, masses, mean, variance)

    def least_kl(
        self,
        mean: Tensor,
        variance: Tensor,
    ) -> Tensor:
        """The best masses are those of the Gaussian."""
        masses = self.masses(mean, variance)
        # A mass of 0 adds 0, whatever its logarithm is.
        return self._divergence(masses.clamp(min=1e-300).log(), masses, mean, variance)

    def masses(
        self,
        mean: Tensor,
        variance: Tensor,
    ) -> Tensor:
        """Return the masses [..., buckets] of Gaussians [...] in the buckets, in float64."""
        inner = self.borders[1:-1]
        standardised = (inner - mean.double()[..., None]) / variance.double().sqrt()[..., None]
        below = ndtr(standardised)
        first, last = below[..., :1], ndtr(-standardised[..., -1:])
        return torch.cat([first, below.diff(dim=-1), last], -1)

    def _divergence(
        self,
        log_masses: Tensor,
        masses: Tensor,
        mean: Tensor,
        variance: Tensor,
    ) -> Tensor:
        """The negative entropy of Gaussians minus their expected log-density, piece by piece."""
        mean, variance = mean.double(), variance.double()
        expected = (masses * (log_masses + self.log_heights)).sum(-1)
        inner = self.borders[1:-1]
        beyond = _squared_excess(mean - inner[-1], variance)
        beyond = beyond + _squared_excess(inner[0] - mean, variance)
        expected = expected - 0.5 * beyond / self.scale**2
        entropy = 0.5 * variance.log() + HALF_LOG_TAU + 0.5
        return -entropy - expected


def _squared_excess(
    mean: Tensor,
    variance: Tensor,
) -> Tensor:
    """Return E max(y, 0)² for y ~ N(mean, variance)."""
    deviation = variance.sqrt()
    ratio = mean / deviation
    density = (-0.5 * ratio.square() - HALF_LOG_TAU).exp()
    return (mean.square() + deviation.square()) * ndtr(ratio) + mean * deviation * density
