"""FactorVAE: a discriminator estimates the total correlation, the encoder lowers it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import networks as architectures
from facsimile.models.base.adam import AdamSettings, TrainingAdam
from facsimile.models.base.model import Draw, Losses
from facsimile.models.base.vae import VAE, evidence, vae_losses

LABEL = "FactorVAE"
STEP_SECONDS = {"1": 0.1}
RUN_BYTES = 23_000_000  # its discriminator is eight times the rest
CLIP = 1e-6  # disentanglement_lib clips the discriminator's probabilities to [CLIP, 1 − CLIP]: no gradient from beyond


@dataclass(frozen=True)
class FactorVAE(VAE):
    """FactorVAE (Kim and Mnih 2018, "Disentangling by factorising", eq. 2, algorithm 2): KL + γ·TC.

    As in disentanglement_lib, one batch gives both codes and permuted codes, where the paper takes two; TC is the mean of first
    minus second logit; class 0 are codes (the labels are disputed: 1Konny/FactorVAE, issue 10); both groups step from the same
    point. Each loss is differentiated with respect to its own group, so the discriminator's cannot reach the encoder. In
    YannDubs/disentangling-vae (issue 77) and pythae it does, against the objective: with a fresh discriminator −¼ of TC's
    gradient joins γ times it. disentanglement_lib hands one step counter to both optimisers, so that its 300,000 steps seem
    to be 150,000 updates (read, not run); here a step is one update of both.

    gamma: weight of the total correlation.
    discriminator_lr: learning rate of the discriminator's Adam.
    discriminator_beta1: decay of its first moment.
    discriminator_beta2: decay of its second moment.
    discriminator_epsilon: its epsilon hat.
    """

    gamma: float
    discriminator_lr: float = 1e-4
    discriminator_beta1: float = 0.5
    discriminator_beta2: float = 0.9
    discriminator_epsilon: float = 1e-8

    def networks(
        self, image_shape: tuple[int, int, int], latents: int, network: str
    ) -> dict[str, nn.Module]:
        return super().networks(image_shape, latents, network) | {
            "discriminator": architectures.discriminator(latents)
        }

    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        own = (
            self.discriminator_lr,
            self.discriminator_beta1,
            self.discriminator_beta2,
            self.discriminator_epsilon,
        )
        return super().adam(training) | {"discriminator": AdamSettings(*own)}

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return super().draws(batch, latents) | {
            "permutation": Draw("permutation", (batch, latents))
        }

    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        q, reconstruction = evidence(networks, images, noise["z"])
        logits = architectures.at_least_float32(networks["discriminator"](q.sample))
        total_correlation = (logits[:, 0] - logits[:, 1]).mean()
        own = vae_losses(q, reconstruction, q.kl + self.gamma * total_correlation)
        permuted = q.sample.detach().gather(0, noise["permutation"])
        other = discriminator_loss(
            logits, architectures.at_least_float32(networks["discriminator"](permuted))
        )
        terms = {"total_correlation": total_correlation.detach(), "discriminator": other.detach()}
        return Losses(own.minimise | {"discriminator": other}, own.terms | terms)


def discriminator_loss(codes: Tensor, permuted: Tensor) -> Tensor:
    """−½ E[log p₀(codes)] − ½ E[log p₁(permuted)] of logits [b, 2], p the clipped softmax; a scalar in nats."""
    return -0.5 * (_log_probability(codes, 0).mean() + _log_probability(permuted, 1).mean())


def _log_probability(logits: Tensor, of: int) -> Tensor:
    """Log of the clipped probability of one class [b]; clipped as a logarithm, which float32 holds better than 1 − CLIP."""
    return functional.log_softmax(logits, 1)[:, of].clamp(math.log(CLIP), math.log1p(-CLIP))
