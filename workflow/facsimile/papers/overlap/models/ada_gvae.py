"""Ada-GVAE: pairs of images share those latents in which their posteriors differ least."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from facsimile.models.base.model import Draw
from facsimile.papers.overlap.models._mean_squared import MeanSquaredVAE

LABEL = "Ada-GVAE (MSE)"


@dataclass(frozen=True)
class AdaGVAE(MeanSquaredVAE):
    """Ada-GVAE (Locatello et al. 2020, "Weakly-supervised disentanglement without compromises", section 4) as disent trains it.

    The β-VAE's loss on pairs of images that differ in some factors, not told which. A latent is shared where the divergence of
    the two posteriors, the mean of both KLs (Michlo et al. 2023; Locatello et al. have one of them), is below the middle
    between the pair's least and greatest; there both take the mean of means and of variances.

    first: weight of the first image's mean in the mean that both take: 0.5 in both papers; 0 in disent since its averages are
        of distributions (``compute_average_gvae`` adds the second mean to itself).
    """

    paired: ClassVar[bool] = True
    first: float = 0.5

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return super().draws(2 * batch, latents)

    def shared(self, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor]:
        means, logs = mean.chunk(2), log_variance.chunk(2)
        apart = divergence(means, logs)
        least, most = apart.amin(1, keepdim=True), apart.amax(1, keepdim=True)
        both = (apart < (least + most) / 2).repeat(2, 1)
        middle = self.first * means[0] + (1 - self.first) * means[1]
        spread = torch.logaddexp(*logs) - math.log(2)
        return torch.where(both, middle.repeat(2, 1), mean), torch.where(
            both, spread.repeat(2, 1), log_variance
        )


def divergence(means: tuple[Tensor, ...], logs: tuple[Tensor, ...]) -> Tensor:
    """½ KL(p ‖ q) + ½ KL(q ‖ p) of two Gaussians, latent by latent, by their means and log-variances [b, d]; nats."""
    ratio = logs[0] - logs[1]
    precisions = torch.exp(-logs[0]) + torch.exp(-logs[1])
    return 0.25 * (
        torch.exp(ratio) + torch.exp(-ratio) + (means[0] - means[1]).square() * precisions - 2
    )
