"""A transformer that predicts observations of functions whose hyper-parameters are drawn, too."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from scipy import special
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.model import Draw
from facsimile.papers.pfn import hyper_prior
from facsimile.papers.pfn.hyper_prior import HyperPrior, Mixture
from facsimile.papers.pfn.models._densities import Density, GaussianDensity, RiemannDensity
from facsimile.papers.pfn.models._exact import Exact, Mixtures
from facsimile.papers.pfn.models.prior_data_fitted_network import (
    PriorDataFittedNetwork,
    inputs,
    network_of,
    parameters,
)

LABEL = "PFN, hyper-priors"
STEP_SECONDS = {"width**5": 3e-11}  # as for known hyper-parameters
GRID = np.linspace(-6, 6, 2001)  # of quantiles, in probits


@dataclass(frozen=True)
class HyperPriorNetwork(PriorDataFittedNetwork):
    """Minus the log-density of observations that are held back; each step draws new sets.

    Müller et al. 2022, section 5.2: every set has a length scale, a variance and a noise of its
    own, so that the exact predictive distribution is an integral over three of them.
    """

    takes: ClassVar[Shapes] = {
        "x": (6, 1),
        "y": (6,),
        "query": (1,),
        "target": (),
        "hyper_prior": (7,),
        "observed": (3,),
    }

    def density(self, batch: Batch) -> Density:
        if not self.buckets:
            return GaussianDensity()
        return riemann(int(self.buckets), tuple(batch["hyper_prior"][0].tolist()))

    def scale(self, batch: Batch) -> float:
        return prior_of(batch).scale

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return super().draws(batch, latents) | {"hyper": Draw("normal", (batch, 3))}

    def sets(
        self,
        batch: Batch,
        noise: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        prior = prior_of(batch)
        x = inputs(batch, noise, prior.upper)
        normals, hyper_normals = (noise[name].double().numpy() for name in ("y", "hyper"))
        y = hyper_prior.draw(x, normals, hyper_normals, prior) / prior.scale
        return torch.from_numpy(x).float(), torch.from_numpy(y).float()

    def exact(
        self,
        batch: Batch,
        index: int,
    ) -> tuple[Exact, Tensor]:
        prior = prior_of(batch)
        n = int(batch["observed"][0, index])
        rows = zip(*(batch[name].double().numpy() for name in ("x", "y", "query")), strict=True)
        mixtures = []
        for x, y, query in rows:
            mixture = hyper_prior.predictive(x[:n], y[:n], query, prior)
            mixtures.append(in_units(mixture, prior.scale))
        exact = Mixtures(mixtures)
        before = in_units(without_points(prior), prior.scale)
        return exact, exact.cross_entropy(before) - exact.entropy()

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``parameters``, the number of parameters."""
        return {"parameters": parameters(network_of(networks))}


@lru_cache(maxsize=8)
def riemann(
    buckets: int,
    numbers: tuple[float, ...],
) -> RiemannDensity:
    """Return buckets of equal probability under a prior, which is given by its seven numbers."""
    prior = hyper_prior.hyper_prior_of(numbers)
    mixture = in_units(without_points(prior), prior.scale)

    def quantile(probability: Tensor) -> Tensor:
        # Of a mixture of zero-mean Gaussians: y grows with its probit, and both are symmetric.
        largest = np.sqrt(mixture.variances.max())
        y = largest * np.sign(GRID) * GRID**2 / 6
        below = special.ndtr(y[:, None] / np.sqrt(mixture.variances)) @ mixture.weights
        found = np.interp(probability.numpy(), below, y)
        return torch.from_numpy(found)

    return RiemannDensity(buckets, quantile)


def without_points(prior: HyperPrior) -> Mixture:
    """Return the distribution of an observation without others."""
    nothing = np.zeros((0, 1))
    return hyper_prior.predictive(nothing, nothing[:, 0], np.zeros(1), prior)


def in_units(
    mixture: Mixture,
    scale: float,
) -> Mixture:
    """Return the distribution of a variable that is divided by ``scale``."""
    return Mixture(mixture.weights, mixture.means / scale, mixture.variances / scale**2)


def prior_of(batch: Batch) -> HyperPrior:
    """Return the prior of the hyper-parameters of a data set, the same in all rows."""
    return hyper_prior.hyper_prior_of(batch["hyper_prior"][0].double().numpy())
