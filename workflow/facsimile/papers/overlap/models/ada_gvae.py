"""Ada-GVAE: the images of a pair share the latents in which their posteriors differ least."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from facsimile.models.base.model import Draw
from facsimile.papers.overlap.models._mean_squared import MeanSquaredVAE

LABEL = "Ada-GVAE (MSE)"
STEP_SECONDS = {"1": 0.044}


@dataclass(frozen=True)
class AdaGVAE(MeanSquaredVAE):
    """Ada-GVAE as disent trains it.

    Locatello et al. 2020, "Weakly-supervised disentanglement without compromises", section 4.

    It has the loss of the β-VAE, on pairs of images that differ in some factors; which ones is not
    known. The two images share a latent if the divergence of their posteriors in it is below the
    midpoint between the pair's smallest and largest divergence. The divergence is the mean of both
    KLs (Michlo et al. 2023; Locatello et al. use one of them). In a shared latent both images take
    the mean of the means and the mean of the variances.

    Args:
        first: weight of the first image's mean in the mean of a shared latent.
            It is 0.5 in both papers. In disent it is 0 since its averages are of distributions
            (``compute_average_gvae`` adds the second mean to itself).
    """

    paired: ClassVar[bool] = True
    first: float = 0.5

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return super().draws(2 * batch, latents)  # for both images of a pair

    def shared(
        self,
        mean: Tensor,
        log_variance: Tensor,
    ) -> tuple[Tensor, Tensor]:
        # The first half of a batch holds the images, the second half their partners.
        means, logs = mean.chunk(2), log_variance.chunk(2)
        distance = divergence(means, logs)
        smallest = distance.amin(1, keepdim=True)
        largest = distance.amax(1, keepdim=True)
        is_shared = distance < (smallest + largest) / 2

        average = self.first * means[0] + (1 - self.first) * means[1]
        # The logarithm of the mean of both variances.
        log_average = torch.logaddexp(*logs) - math.log(2)
        # Both halves of the batch take the same averages.
        is_shared = is_shared.repeat(2, 1)
        mean = torch.where(is_shared, average.repeat(2, 1), mean)
        log_average = log_average.repeat(2, 1)
        log_variance = torch.where(is_shared, log_average, log_variance)
        return mean, log_variance


def divergence(means: tuple[Tensor, ...], logs: tuple[Tensor, ...]) -> Tensor:
    """Return ½ KL(p ‖ q) + ½ KL(q ‖ p) of two Gaussians in each latent, [b, d] in nats.

    Args:
        means: means of p and of q, [b, d] each.
        logs: log-variances of p and of q, [b, d] each.
    """
    ratio = logs[0] - logs[1]
    precisions = torch.exp(-logs[0]) + torch.exp(-logs[1])
    squares = (means[0] - means[1]).square()
    ratios = torch.exp(ratio) + torch.exp(-ratio)
    return 0.25 * (ratios + squares * precisions - 2)
