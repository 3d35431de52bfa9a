"""RAE: an autoencoder without noise, whose codes and decoder are kept small."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from facsimile.models.base.model import Draw, Losses
from facsimile.models.base.networks import AutoEncoder, Encoder
from facsimile.models.base.vae import VAE, autoencoder_of, bernoulli_loss

LABEL = "RAE"
LOG_VARIANCE = (
    -30.0
)  # what is answered for a posterior that is a point: 3e-7 standard deviations of noise


class Certain(nn.Module):
    """An encoder to codes alone: it answers a log-variance of next to nothing."""

    def __init__(self, body: nn.Module, mean: nn.Module) -> None:
        super().__init__()
        self.body, self.mean = body, mean

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.mean(self.body(images))
        return mean, torch.full_like(mean, LOG_VARIANCE)


@dataclass(frozen=True)
class RAE(VAE):
    """Regularised autoencoder (Ghosh et al. 2020, "From variational to deterministic autoencoders", eq. 9, RAE-L2).

    Minimises reconstruction + β ½‖z‖² + λ‖θ_D‖². The reconstruction is the cross entropy of all models here, where the paper
    has a squared error; weights and biases of the decoder count alike.

    beta: weight of half the squared norm of the codes, mean over the batch.
    decoder_weight: weight λ of the squared norm of the decoder's parameters.
    """

    beta: float
    decoder_weight: float

    def networks(
        self, image_shape: tuple[int, int, int], latents: int, network: str
    ) -> dict[str, nn.Module]:
        made = cast(AutoEncoder, super().networks(image_shape, latents, network)["vae"])
        encoder = cast(Encoder, made.encoder)
        return {"vae": AutoEncoder(Certain(encoder.body, encoder.mean), made.decoder)}

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
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
        norm = 0.5 * codes.square().sum(1).mean()
        decoder = torch.stack(
            [parameter.square().sum() for parameter in vae.decoder.parameters()]
        ).sum()
        terms = {"reconstruction": reconstruction, "codes": norm, "decoder": decoder}
        loss = reconstruction + self.beta * norm + self.decoder_weight * decoder
        return Losses({"vae": loss}, {name: term.detach() for name, term in terms.items()})
