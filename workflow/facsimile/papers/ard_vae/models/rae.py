"""RAE: an autoencoder without noise, with penalties on its codes and its decoder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.networks import AutoEncoder, Encoder
from facsimile.models.base.vae import VAE, autoencoder_of, bernoulli_loss

LABEL = "RAE"
STEP_SECONDS = {"1": 0.087}
# Reported for a posterior that is a point: a standard deviation of 3e-7.
LOG_VARIANCE = -30.0


class Certain(nn.Module):
    """An encoder without a variance; it returns a constant log-variance.

    Args:
        body: maps images to features.
        mean: maps features to codes [b, d].
    """

    def __init__(
        self,
        body: nn.Module,
        mean: nn.Module,
    ) -> None:
        super().__init__()
        self.body = body
        self.mean = mean

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.mean(self.body(images))
        return mean, torch.full_like(mean, LOG_VARIANCE)


@dataclass(frozen=True)
class RAE(VAE):
    """Regularised autoencoder, RAE-L2.

    Ghosh et al. 2020, "From variational to deterministic autoencoders", eq. 9. It minimises
    reconstruction + β ½‖z‖² + λ‖θ_D‖². The reconstruction is the cross entropy of all models here,
    where the paper uses a squared error. Weights and biases of the decoder are penalised alike.

    Args:
        beta: weight of half the squared norm of the codes, averaged over the batch.
        decoder_weight: weight λ of the squared norm of the decoder's parameters.
    """

    beta: float
    decoder_weight: float

    def networks(
        self,
        image_shape: tuple[int, int, int],
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        groups = super().networks(image_shape, latents, network)
        vae = cast(AutoEncoder, groups["vae"])
        # The head for log-variances is dropped.
        encoder = cast(Encoder, vae.encoder)
        certain = Certain(encoder.body, encoder.mean)
        return {"vae": AutoEncoder(certain, vae.decoder)}

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {}

    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        vae = autoencoder_of(networks)
        codes, _ = vae.encode(images)
        reconstruction = bernoulli_loss(vae.decode(codes), images)
        squares = codes.square().sum(1)
        norm = 0.5 * squares.mean()
        parameters = vae.decoder.parameters()
        norms = [values.square().sum() for values in parameters]
        decoder = torch.stack(norms).sum()
        terms = {"reconstruction": reconstruction, "codes": norm, "decoder": decoder}
        loss = reconstruction + self.beta * norm + self.decoder_weight * decoder
        return Losses({"vae": loss}, detached(terms))
