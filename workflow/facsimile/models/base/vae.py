"""The variational auto-encoder that the methods share: everything but the regulariser."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import networks as architectures
from facsimile.models.base.adam import AdamSettings, TrainingAdam
from facsimile.models.base.model import Draw, Losses, Model


class Posterior(NamedTuple):
    """q(z|x) of a batch: mean, log-variance and one sample, float32 [b, d]; ``kl`` to the unit normal, a scalar in nats."""

    mean: Tensor
    log_variance: Tensor
    sample: Tensor
    kl: Tensor


@dataclass(frozen=True)
class VAE(Model):
    """A VAE with Gaussian posterior and Bernoulli likelihood (Kingma and Welling 2014).

    Minimises reconstruction + regulariser, both in nats, summed over pixels or latents and averaged over the batch, with no
    other scale. The reconstruction is a cross entropy on pixels in [0, 1], binary or not, and the entropy of the pixels is not
    taken off: disentanglement_lib's convention (``losses.py``, ``BaseVAE``). AntixK/PyTorch-VAE scales the KL (``kld_weight``,
    its issue 35), and disent's author doubts the scale of its β-TCVAE and DIP-VAE (its issues 3 and 5): where a loss is scaled,
    β, γ and λ are not those of the papers.
    """

    def regularizer(self, q: Posterior, step: Tensor | int) -> Tensor:
        """What is added to the reconstruction, a scalar in nats; the KL alone gives the evidence lower bound."""
        return q.kl

    def networks(
        self, image_shape: tuple[int, int, int], latents: int, network: str
    ) -> dict[str, nn.Module]:
        return {"vae": architectures.autoencoder(network, image_shape, latents)}

    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        return {"vae": AdamSettings.of(training)}

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return {"z": Draw("normal", (batch, latents))}

    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        q, reconstruction = evidence(networks, images, noise["z"])
        return vae_losses(q, reconstruction, self.regularizer(q, step))

    def infer(self, networks: Mapping[str, nn.Module], images: Tensor) -> tuple[Tensor, Tensor]:
        return autoencoder_of(networks).encode(images)

    def decode(self, networks: Mapping[str, nn.Module], codes: Tensor) -> Tensor:
        return autoencoder_of(networks).decode(codes).sigmoid()


def autoencoder_of(networks: Mapping[str, nn.Module]) -> architectures.AutoEncoder:
    """The group ``vae``."""
    return cast(architectures.AutoEncoder, networks["vae"])


def evidence(
    networks: Mapping[str, nn.Module], images: Tensor, noise: Tensor
) -> tuple[Posterior, Tensor]:
    """The posterior of a batch, with the sample mean + exp(log-variance / 2) · noise, and that sample's reconstruction loss."""
    vae = autoencoder_of(networks)
    mean, log_variance = vae.encode(images)
    sample = mean + torch.exp(0.5 * log_variance) * noise
    return Posterior(mean, log_variance, sample, gaussian_kl(mean, log_variance)), bernoulli_loss(
        vae.decode(sample), images
    )


def vae_losses(q: Posterior, reconstruction: Tensor, regularizer: Tensor) -> Losses:
    """The loss of the group ``vae`` and the terms of its history."""
    terms = {
        "reconstruction": reconstruction,
        "kl": q.kl,
        "regularizer": regularizer,
        "elbo": -(reconstruction + q.kl),
    }
    return Losses(
        {"vae": reconstruction + regularizer}, {name: term.detach() for name, term in terms.items()}
    )


def bernoulli_loss(logits: Tensor, images: Tensor) -> Tensor:
    """Cross entropy between images in [0, 1] and logits, [b, c, h, w]: sum over pixels, mean over the batch, nats."""
    return (
        functional.binary_cross_entropy_with_logits(logits, images, reduction="sum")
        / images.shape[0]
    )


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) ‖ N(0, 1)) of [b, d]: sum over latents, mean over the batch, nats."""
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(1).mean()


def covariance(codes: Tensor) -> Tensor:
    """Covariance [d, d] of codes [b, d], divided by b, not b − 1, as in disentanglement_lib.

    Written as a product of elements because autocast would do a matrix product in bfloat16, and centred first because
    E[zzᵀ] − E[z]E[z]ᵀ cancels.
    """
    centred = codes - codes.mean(0)
    return (centred[:, :, None] * centred[:, None, :]).mean(0)
