"""Exact predictive distributions, as the divergences from them need them.

Values are in units of the standard deviation of an observation under the prior.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy import special
from torch import Tensor
from torch.special import ndtr

from facsimile.papers.pfn.hyper_prior import Floats, Mixture

HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)
NODES = np.linspace(-5.2, 5.2, 161)  # of an entropy; sinh(5.2) = 91


class Exact(ABC):
    """Distributions [...] of one number each, in float64.

    Attributes:
        mean: their means [...].
        variance: their variances [...].
    """

    mean: Tensor
    variance: Tensor

    @abstractmethod
    def entropy(self) -> Tensor:
        """Return entropies [...], in nats."""

    @abstractmethod
    def log_density(self, y: Tensor) -> Tensor:
        """Return log-densities [...] at y [...]."""

    @abstractmethod
    def masses(self, borders: Tensor) -> Tensor:
        """Return the probabilities [..., k + 1] between borders [k], and beyond both ends."""

    @abstractmethod
    def squared_excess(
        self,
        border: Tensor,
        sign: int,
    ) -> Tensor:
        """Return E max(sign · (y - border), 0)² [...], where sign is 1 or -1."""


class Normal(Exact):
    """Gaussians.

    Args:
        mean: means [...].
        variance: variances [...].
    """

    def __init__(
        self,
        mean: Tensor,
        variance: Tensor,
    ) -> None:
        self.mean, self.variance = mean.double(), variance.double()

    def entropy(self) -> Tensor:
        return 0.5 * self.variance.log() + HALF_LOG_TAU + 0.5

    def log_density(self, y: Tensor) -> Tensor:
        squared = (y - self.mean).square() / self.variance
        return -0.5 * (squared + self.variance.log()) - HALF_LOG_TAU

    def masses(self, borders: Tensor) -> Tensor:
        standardised = (borders - self.mean[..., None]) / self.variance.sqrt()[..., None]
        below = ndtr(standardised)
        first, last = below[..., :1], ndtr(-standardised[..., -1:])
        return torch.cat([first, below.diff(dim=-1), last], -1)

    def squared_excess(
        self,
        border: Tensor,
        sign: int,
    ) -> Tensor:
        return squared_excess(sign * (self.mean - border), self.variance)


class Mixtures(Exact):
    """Mixtures of Gaussians [n], each with components of its own.

    Args:
        mixtures: the mixtures.
    """

    def __init__(self, mixtures: Sequence[Mixture]) -> None:
        self._mixtures = mixtures
        self._entropy: Tensor | None = None
        self._masses: dict[tuple[float, ...], Tensor] = {}
        means, variances = zip(*map(moments, mixtures), strict=True)
        self.mean = torch.tensor(means, dtype=torch.float64)
        self.variance = torch.tensor(variances, dtype=torch.float64)

    def entropy(self) -> Tensor:
        if self._entropy is None:
            self._entropy = self._of_each(lambda mixture: cross_entropy(mixture, mixture))
        return self._entropy

    def cross_entropy(self, other: Mixture) -> Tensor:
        """Return minus the expected log-densities [n] of another mixture, in nats."""
        return self._of_each(lambda mixture: cross_entropy(mixture, other))

    def log_density(self, y: Tensor) -> Tensor:
        targets = iter(y.double().numpy())
        return self._of_each(lambda mixture: np.log(density(mixture, next(targets))))

    def masses(self, borders: Tensor) -> Tensor:
        ends = borders.numpy()

        def of_one(mixture: Mixture) -> Floats:
            deviations = np.sqrt(mixture.variances)
            standardised = (ends - mixture.means[:, None]) / deviations[:, None]
            below = mixture.weights @ special.ndtr(standardised)
            last = mixture.weights @ special.ndtr(-standardised[:, -1])
            return np.concatenate([below[:1], np.diff(below), [last]])

        # A density asks for the same masses twice: for its divergence and for the least one.
        key = tuple(ends.tolist())
        if key not in self._masses:
            self._masses[key] = self._of_each(of_one)
        return self._masses[key]

    def squared_excess(
        self,
        border: Tensor,
        sign: int,
    ) -> Tensor:
        def of_one(mixture: Mixture) -> Floats:
            means = torch.from_numpy(mixture.means)
            variances = torch.from_numpy(mixture.variances)
            of_components = squared_excess(sign * (means - border), variances)
            return np.asarray(mixture.weights @ of_components.numpy())

        return self._of_each(of_one)

    def _of_each(self, function: Callable[[Mixture], Floats]) -> Tensor:
        values = [function(mixture) for mixture in self._mixtures]
        return torch.from_numpy(np.array(values))


def moments(mixture: Mixture) -> tuple[float, float]:
    """Return mean and variance of a mixture."""
    weights, means, variances = mixture
    mean = weights @ means
    return float(mean), float(weights @ (variances + (means - mean) ** 2))


def density(
    mixture: Mixture,
    y: Floats,
) -> Floats:
    """Return the density [...] of a mixture at y [...]."""
    standardised = (np.asarray(y)[..., None] - mixture.means) / np.sqrt(mixture.variances)
    heights = mixture.weights / np.sqrt(2 * math.pi * mixture.variances)
    return np.asarray(np.exp(-0.5 * standardised**2) @ heights)


def cross_entropy(
    mixture: Mixture,
    other: Mixture,
) -> Floats:
    """Return minus the expected log-density of another mixture, by the trapezoidal rule.

    The rule is in t, where y = mean + scale · sinh t, so that points are close together where the
    density is high. The scale is near that of the narrowest component of much weight.
    """
    mean, variance = moments(mixture)
    order = np.argsort(mixture.variances)
    below = mixture.weights[order].cumsum()
    narrow = mixture.variances[order][np.searchsorted(below, 0.01)]
    scale = max(math.sqrt(narrow), 0.2 * math.sqrt(variance))
    y = mean + scale * np.sinh(NODES)
    of_mixture, of_other = density(mixture, y), density(other, y)
    widths = scale * np.cosh(NODES) * (NODES[1] - NODES[0])
    # Where the density of a mixture is 0 in double precision, nothing is added.
    return np.asarray(-(special.xlogy(of_mixture, of_other.clip(min=1e-300)) * widths).sum())


def squared_excess(
    mean: Tensor,
    variance: Tensor,
) -> Tensor:
    """Return E max(y, 0)² for y ~ N(mean, variance)."""
    deviation = variance.sqrt()
    ratio = mean / deviation
    peak = (-0.5 * ratio.square() - HALF_LOG_TAU).exp()
    return (mean.square() + deviation.square()) * ndtr(ratio) + mean * deviation * peak
