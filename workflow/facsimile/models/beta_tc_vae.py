"""β-TCVAE: the total correlation weighs β times."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models._vae import VAE, Posterior


@dataclass(frozen=True)
class BetaTCVAE(VAE):
    """β-TCVAE (Chen et al. 2018, "Isolating sources of disentanglement in VAEs", eq. 4): KL + (β − 1)·TC.

    beta: weight of the total correlation; 1 is the VAE.
    """

    beta: float

    def regularizer(self, q: Posterior, step: Tensor | int) -> Tensor:
        return q.kl + (self.beta - 1) * total_correlation(q)


def total_correlation(q: Posterior) -> Tensor:
    """Minibatch-weighted estimate of KL(q(z) ‖ Π_j q(z_j)) without its constants, a scalar in nats.

    Convention of disentanglement_lib. The estimator of Chen et al. (eq. S3) takes log(N·b) off each of the d + 1 logarithms;
    that shifts the value by (d − 1)·log(N·b) nats (159.0 for b = 64, d = 10, N = 737,280) and leaves gradients as they are.
    Without the constants the value of independent latents is about −30: logged values of different code bases do not compare.
    """
    difference = q.sample[:, None] - q.mean[None]
    log_density = -0.5 * (difference.square() * torch.exp(-q.log_variance) + q.log_variance + math.log(2 * math.pi))
    joint = torch.logsumexp(log_density.sum(2), 1)
    product = torch.logsumexp(log_density, 1).sum(1)
    return (joint - product).mean()
