"""The variational auto-encoder (VAE) that most models extend.

Example, β-VAE in one file ``models/beta_vae.py``::

    @dataclass(frozen=True)
    class BetaVAE(VAE):
        '''β-VAE (Higgins et al. 2017, eq. 4).

        beta: weight of the KL; 1 is the VAE.
        '''

        beta: float

        def regularizer(self, q, step):
            return self.beta * q.kl
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import networks as architectures
from facsimile.models.base.adam import AdamSettings, TrainingAdam
from facsimile.models.base.model import Draw, Losses, Model, detached


class Posterior(NamedTuple):
    """The approximate posterior q(z|x) of a batch.

    Attributes:
        mean: float32 [b, d].
        log_variance: float32 [b, d].
        sample: one sample of each posterior, float32 [b, d].
        kl: KL divergence to the standard normal, summed over latents and averaged over the batch;
            a scalar in nats.
    """

    mean: Tensor
    log_variance: Tensor
    sample: Tensor
    kl: Tensor


@dataclass(frozen=True)
class VAE(Model):
    """VAE with a Gaussian posterior and a Bernoulli likelihood (Kingma and Welling 2014).

    It minimises reconstruction + regulariser. Both are in nats, summed over pixels or latents and
    averaged over the batch, and not scaled otherwise. Subclasses usually override ``regularizer``
    only.

    The reconstruction is a cross entropy on pixels in [0, 1], binary or not, and the entropy of the
    pixels is not subtracted. This is the convention of disentanglement_lib (``losses.py``,
    ``BaseVAE``). AntixK/PyTorch-VAE scales the KL (``kld_weight``, its issue 35), and the author of
    disent questions the scale of its β-TCVAE and DIP-VAE (its issues 3 and 5). Where a loss is
    scaled, β, γ and λ are not those of the papers.
    """

    def regularizer(
        self,
        q: Posterior,
        step: Tensor | int,
    ) -> Tensor:
        """Return the term that is added to the reconstruction, a scalar in nats.

        The default, the KL alone, yields the evidence lower bound. A subclass that needs more than
        the posterior overrides ``losses``.

        Args:
            q: posterior of the batch.
            step: number of updates so far, starting from 0.
        """
        return q.kl

    def networks(
        self,
        image_shape: tuple[int, int, int],
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        return {"vae": architectures.autoencoder(network, image_shape, latents)}

    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        return {"vae": AdamSettings.of(training)}

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
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

    def infer(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
    ) -> tuple[Tensor, Tensor]:
        return autoencoder_of(networks).encode(images)

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        return autoencoder_of(networks).decode(codes).sigmoid()


def autoencoder_of(networks: Mapping[str, nn.Module]) -> architectures.AutoEncoder:
    """Return the group ``vae``, with its type."""
    return cast(architectures.AutoEncoder, networks["vae"])


def evidence(
    networks: Mapping[str, nn.Module],
    images: Tensor,
    noise: Tensor,
) -> tuple[Posterior, Tensor]:
    """Encode images, sample the posterior, and decode the sample.

    Args:
        networks: networks of a VAE, with the group ``vae``.
        images: float32 [b, c, h, w] in [0, 1].
        noise: standard normals [b, d]; the sample is mean + exp(log-variance / 2) · noise.

    Returns:
        The posterior, and the reconstruction loss of the sample, a scalar in nats.
    """
    vae = autoencoder_of(networks)
    mean, log_variance = vae.encode(images)
    sample = mean + torch.exp(0.5 * log_variance) * noise
    q = Posterior(mean, log_variance, sample, gaussian_kl(mean, log_variance))
    return q, bernoulli_loss(vae.decode(sample), images)


def vae_losses(
    q: Posterior,
    reconstruction: Tensor,
    regularizer: Tensor,
) -> Losses:
    """Return the loss of the group ``vae``, reconstruction + regulariser, and the terms to record.

    The term ``elbo`` is the evidence lower bound −(reconstruction + KL), whatever the regulariser.
    """
    terms = {
        "reconstruction": reconstruction,
        "kl": q.kl,
        "regularizer": regularizer,
        "elbo": -(reconstruction + q.kl),
    }
    return Losses({"vae": reconstruction + regularizer}, detached(terms))


def bernoulli_loss(logits: Tensor, images: Tensor) -> Tensor:
    """Return the cross entropy in nats, summed over pixels and averaged over the batch.

    Args:
        logits: [b, c, h, w].
        images: [b, c, h, w] in [0, 1].
    """
    total = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum")
    return total / images.shape[0]


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_variance)) ‖ N(0, 1)) in nats, for means and log-variances [b, d].

    It is summed over latents and averaged over the batch.
    """
    per_latent = mean.square() + log_variance.exp() - log_variance - 1
    return 0.5 * per_latent.sum(1).mean()


def covariance(codes: Tensor) -> Tensor:
    """Return the covariance [d, d] of codes [b, d].

    The sum is divided by b, not b − 1, as in disentanglement_lib.
    """
    # Elementwise products, because autocast would compute a matrix product in bfloat16. Codes are
    # centred first because E[zzᵀ] − E[z]E[z]ᵀ suffers from cancellation.
    centred = codes - codes.mean(0)
    products = centred[:, :, None] * centred[:, None, :]
    return products.mean(0)
