"""Predictive densities of an observation y, and their KL divergence from an exact one.

Observations are in units of their standard deviation under the prior.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor
from torch.special import ndtri

from facsimile.papers.pfn.models._exact import HALF_LOG_TAU, Exact

END = 1 / 2_000_000  # probability beyond each end, about that of an extreme of 2 million draws


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
        exact: Exact,
    ) -> Tensor:
        """Return the KL divergence [...] from distributions to densities of the family, in nats.

        Args:
            output: parameters of the densities [..., parameters].
            exact: the distributions [...].
        """

    @abstractmethod
    def least_kl(self, exact: Exact) -> Tensor:
        """Return the least KL divergence [...] from distributions to any density of the family."""


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
        exact: Exact,
    ) -> Tensor:
        mean, log_variance = output.double().unbind(-1)
        squared = (exact.mean - mean).square() + exact.variance
        expected = -0.5 * (log_variance + squared * (-log_variance).exp()) - HALF_LOG_TAU
        return -exact.entropy() - expected

    def least_kl(self, exact: Exact) -> Tensor:
        """The best Gaussian has the distribution's mean and variance."""
        entropy = 0.5 * exact.variance.log() + HALF_LOG_TAU + 0.5
        return entropy - exact.entropy()


class RiemannDensity(Density):
    """Buckets of equal probability under the prior, with half a normal at each end.

    Within a bucket the density is constant; the parameters are the logits of the buckets' masses
    (Müller et al. 2022, "Riemann distribution"). The first and the last bucket have no end: their
    density is that of half a normal distribution, half of whose mass is nearer than the border
    beyond which the prior has the mass ``END``.

    Args:
        buckets: number of buckets, at least 2.
        quantile: returns quantiles [k] of the prior at probabilities [k]; N(0, 1) by default.
    """

    def __init__(
        self,
        buckets: int,
        quantile: Callable[[Tensor], Tensor] = ndtri,
    ) -> None:
        self.parameters = buckets
        probabilities = torch.linspace(0, 1, buckets + 1, dtype=torch.float64)
        self.borders = quantile(probabilities.clamp(END, 1 - END))
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
        exact: Exact,
    ) -> Tensor:
        masses = exact.masses(self.borders[1:-1])
        log_masses = output.double().log_softmax(-1)
        return self._divergence(log_masses, masses, exact)

    def least_kl(self, exact: Exact) -> Tensor:
        """The best masses are those of the distribution."""
        masses = exact.masses(self.borders[1:-1])
        # A mass of 0 adds 0, whatever its logarithm is.
        return self._divergence(masses.clamp(min=1e-300).log(), masses, exact)

    def _divergence(
        self,
        log_masses: Tensor,
        masses: Tensor,
        exact: Exact,
    ) -> Tensor:
        """The negative entropy minus the expected log-density, piece by piece."""
        expected = (masses * (log_masses + self.log_heights)).sum(-1)
        first, last = self.borders[[1, -2]]
        beyond = exact.squared_excess(last, 1) + exact.squared_excess(first, -1)
        expected = expected - 0.5 * beyond / self.scale**2
        return -exact.entropy() - expected
