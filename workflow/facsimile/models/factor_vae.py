"""FactorVAE: a discriminator estimates the total correlation, the encoder lowers it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from facsimile import networks as architectures
from facsimile.adam import AdamSettings
from facsimile.models._base import Draw, Losses
from facsimile.models._vae import VAE, forward, vae_losses


@dataclass(frozen=True)
class FactorVAE(VAE):
    """FactorVAE (Kim and Mnih 2018, "Disentangling by factorising", eq. 2 and 3, algorithm 2): KL + γ·TC.

    As disentanglement_lib: one batch serves for codes and permuted codes (the paper takes two), TC is the mean of the first
    minus the second logit, and both optimisers step from the same point. Each group's loss is differentiated with respect to
    that group alone, so the discriminator's loss cannot reach the encoder (it does in YannDubs/disentangling-vae and pythae,
    against the objective).

    gamma: weight of the total correlation.
    discriminator_lr: learning rate of the discriminator's Adam.
    discriminator_beta1: decay of its first moment.
    discriminator_beta2: decay of its second moment.
    """

    gamma: float
    discriminator_lr: float = 1e-4
    discriminator_beta1: float = 0.5
    discriminator_beta2: float = 0.9

    def networks(self, image_shape: tuple[int, int, int], latents: int, network: str) -> dict[str, nn.Module]:
        return super().networks(image_shape, latents, network) | {"discriminator": architectures.discriminator(latents)}

    def adam(self, training: Any) -> dict[str, AdamSettings]:
        own = AdamSettings(self.discriminator_lr, self.discriminator_beta1, self.discriminator_beta2)
        return super().adam(training) | {"discriminator": own}

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return super().draws(batch, latents) | {"permutation": Draw("permutation", (batch, latents))}

    def losses(
        self, networks: Mapping[str, nn.Module], images: Tensor, noise: Mapping[str, Tensor], step: Tensor | int
    ) -> Losses:
        q, reconstruction = forward(networks["vae"], images, noise["z"])
        logits = architectures.full(networks["discriminator"](q.sample))
        total_correlation = (logits[:, 0] - logits[:, 1]).mean()
        own = vae_losses(q, reconstruction, q.kl + self.gamma * total_correlation)
        permuted = q.sample.detach().gather(0, noise["permutation"])
        other = discriminator_loss(logits, architectures.full(networks["discriminator"](permuted)))
        terms = {"total_correlation": total_correlation.detach(), "discriminator": other.detach()}
        return Losses(own.minimise | {"discriminator": other}, own.terms | terms)


def discriminator_loss(codes: Tensor, permuted: Tensor) -> Tensor:
    """−½ E[log p₀(codes)] − ½ E[log p₁(permuted)] of logits [b, 2]: class 0 are codes, class 1 permuted codes; nats."""
    first = functional.log_softmax(codes, 1)[:, 0].mean()
    second = functional.log_softmax(permuted, 1)[:, 1].mean()
    return -0.5 * (first + second)
