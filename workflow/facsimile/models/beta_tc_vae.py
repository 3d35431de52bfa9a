"""β-TCVAE: the total correlation has the weight β."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models.base.vae import VAE, Posterior

LABEL = "β-TCVAE"


@dataclass(frozen=True)
class BetaTCVAE(VAE):
    """β-TCVAE (Chen et al. 2018, "Isolating sources of disentanglement in VAEs", eq. 5).

    The regulariser is KL + (β − 1)·TC, which is the equation with α = γ = 1.

    Args:
        beta: weight of the total correlation; 1 is the VAE.
    """

    beta: float

    def regularizer(
        self,
        q: Posterior,
        step: Tensor | int,
    ) -> Tensor:
        return q.kl + (self.beta - 1) * total_correlation(q)


def total_correlation(q: Posterior) -> Tensor:
    """Estimate KL(q(z) ‖ Π_j q(z_j)) from one batch, without constants; a scalar in nats.

    This is the minibatch-weighted estimate in the convention of disentanglement_lib. Chen et al.
    subtract log(N·b) from each of the d + 1 logarithms, where N is the number of images in the data
    set. That adds (d − 1)·log(N·b), which is 159.0 for b = 64, d = 10, N = 737,280, and does not
    change the gradient.

    Without these constants the value is −(d − 1)·log b if all posteriors are equal, and 0 if no two
    overlap. For independent latents we measured −30 where other implementations log +129 (with the
    constants) or +7 (stratified sampling with the published weight matrix, whose 1/N fill the first
    column instead of the diagonal: rtqichen/beta-tcvae, and hence YannDubs/disentangling-vae and
    pythae). Values of different implementations cannot be compared.
    """
    # Log-density of the sample i in each latent under the posterior j, [i, j, d].
    difference = q.sample[:, None] - q.mean[None]
    distance = difference.square() * torch.exp(-q.log_variance)
    log_density = -0.5 * (distance + q.log_variance + math.log(2 * math.pi))
    joint = torch.logsumexp(log_density.sum(2), 1)
    product = torch.logsumexp(log_density, 1).sum(1)
    return (joint - product).mean()
