"""FactorVAE: a discriminator estimates the total correlation, and the encoder minimises it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import networks as architectures
from facsimile.models.base.adam import AdamSettings, TrainingAdam
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.vae import VAE, evidence, vae_losses

LABEL = "FactorVAE"
STEP_SECONDS = {"1": 0.1}
RUN_BYTES = 23_000_000  # the discriminator is eight times as large as the rest
# disentanglement_lib clips the discriminator's probabilities to [CLIP, 1 − CLIP]; beyond that there
# is no gradient.
CLIP = 1e-6


@dataclass(frozen=True)
class FactorVAE(VAE):
    """FactorVAE (Kim and Mnih 2018, "Disentangling by factorising", eq. 2, algorithm 2): KL + γ·TC.

    As in disentanglement_lib, one batch yields both the codes and the permuted codes, where the
    paper uses two batches. TC is the mean of the first minus the second logit, and class 0 are the
    codes (the labels are disputed: 1Konny/FactorVAE, issue 10). Both groups are updated from the
    same point.

    Each loss is differentiated with respect to its own group, so the loss of the discriminator does
    not reach the encoder. In YannDubs/disentangling-vae (issue 77) and pythae it does, against the
    objective: with a fresh discriminator it adds −¼ of TC's gradient to γ times that gradient.

    disentanglement_lib passes one step counter to both optimisers, so that its 300,000 steps seem
    to be 150,000 updates (we read its code, and did not run it). Here a step updates both groups
    once.

    Args:
        gamma: weight of the total correlation.
        discriminator_lr: learning rate of the discriminator's Adam.
        discriminator_beta1: decay rate of the first moment of the discriminator's Adam.
        discriminator_beta2: decay rate of the second moment of the discriminator's Adam.
        discriminator_epsilon: epsilon hat of the discriminator's Adam.
    """

    gamma: float
    discriminator_lr: float = 1e-4
    discriminator_beta1: float = 0.5
    discriminator_beta2: float = 0.9
    discriminator_epsilon: float = 1e-8

    def networks(
        self,
        image_shape: tuple[int, int, int],
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        groups = super().networks(image_shape, latents, network)
        return groups | {"discriminator": architectures.discriminator(latents, network)}

    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        discriminator = AdamSettings(
            self.discriminator_lr,
            self.discriminator_beta1,
            self.discriminator_beta2,
            self.discriminator_epsilon,
        )
        return super().adam(training) | {"discriminator": discriminator}

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        permutation = Draw("permutation", (batch, latents))
        return super().draws(batch, latents) | {"permutation": permutation}

    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        discriminator = networks["discriminator"]
        q, reconstruction = evidence(networks, images, noise["z"])
        logits = architectures.at_least_float32(discriminator(q.sample))
        total_correlation = (logits[:, 0] - logits[:, 1]).mean()
        vae = vae_losses(q, reconstruction, q.kl + self.gamma * total_correlation)
        # Each latent is permuted over the batch on its own, which makes the latents independent.
        permuted = q.sample.detach().gather(0, noise["permutation"])
        permuted_logits = architectures.at_least_float32(discriminator(permuted))
        loss = discriminator_loss(logits, permuted_logits)
        minimise = vae.minimise | {"discriminator": loss}
        terms = {"total_correlation": total_correlation, "discriminator": loss}
        return Losses(minimise, vae.terms | detached(terms))


def discriminator_loss(codes: Tensor, permuted: Tensor) -> Tensor:
    """Return −½ E[log p₀(codes)] − ½ E[log p₁(permuted)], a scalar in nats.

    p is the clipped softmax.

    Args:
        codes: logits [b, 2] of codes.
        permuted: logits [b, 2] of permuted codes.
    """
    of_codes = _log_probability(codes, 0).mean()
    of_permuted = _log_probability(permuted, 1).mean()
    return -0.5 * (of_codes + of_permuted)


def _log_probability(logits: Tensor, label: int) -> Tensor:
    """Return the logarithm [b] of the clipped probability of one class.

    The logarithm is clipped, not the probability, because 1 − CLIP is less exact in float32.
    """
    log_probability = functional.log_softmax(logits, 1)[:, label]
    return log_probability.clamp(math.log(CLIP), math.log1p(-CLIP))
