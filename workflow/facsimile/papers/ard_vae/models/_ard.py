"""What the ARD-VAEs share: a prior whose variances are those of the codes, and the model of arrays that is trained with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from facsimile.models.base import networks as architectures
from facsimile.models.base.arrays import ArraysModel, Batch
from facsimile.models.base.model import Draw, Losses

GROUP = "vae"
ROWS = 256  # rows that are encoded at once: convolutions of more would need gigabytes


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(q(z|x) ‖ N(0, v)) of [b, d] with v_j the batch's mean of z_j² under q: sum over latents, mean over the batch, nats.

    Saha et al. 2025, with Gamma(0, 0) before and the mean of its posterior after the codes: 1/α_j = E[z_j²]; v has no gradient.
    The paper takes v from 10,000 images, encoded anew every epoch and held out of it; here it is the batch's own, so that
    nothing lags. The released code (vae_loss.py, 6312ffc) adds v where log v belongs: the gradient is the same, its log is not.
    """
    prior = (mean.square() + log_variance.exp()).mean(0).detach()
    return (
        0.5
        * ((mean.square() + log_variance.exp()) / prior + prior.log() - log_variance - 1)
        .sum(1)
        .mean()
    )


class Halves(nn.Module):
    """Means and log-variances [b, d] from the 2 d outputs of a network."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.body(rows).chunk(2, 1)
        return mean, log_variance


@dataclass(frozen=True)
class ARDOfArrays(ArraysModel):
    """ARD-VAE of the one array that it ``takes``; minimises squared error, summed over a row and not halved, + β KL.

    The squared error is not halved in the released code either, so that β weighs half of what it does in a Gaussian bound.

    beta: weight of the KL to the prior whose variances are the codes' own.
    """

    beta: float

    def initialise(self, made: Mapping[str, nn.Module], seed: int) -> None:
        """Dense layers and convolutions as TensorFlow does; a batch normalisation is the identity."""
        for name, layer in made[GROUP].named_modules():
            if isinstance(layer, architectures.Layer):
                architectures.initialise(layer, seed, f"{GROUP}.{name}")

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return {"z": Draw("normal", (batch, latents))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        rows, vae = self._rows(batch), autoencoder_of(networks)
        mean, log_variance = vae.encode(rows)
        decoded = vae.decode(mean + torch.exp(0.5 * log_variance) * noise["z"])
        reconstruction = (decoded - rows).square().flatten(1).sum(1).mean()
        kl = divergence(mean, log_variance)
        return Losses(
            {GROUP: reconstruction + self.beta * kl},
            {"reconstruction": reconstruction.detach(), "kl": kl.detach()},
        )

    def infer(self, networks: Mapping[str, nn.Module], batch: Batch) -> dict[str, Tensor]:  # type: ignore[override]
        parts = [autoencoder_of(networks).encode(rows) for rows in self._rows(batch).split(ROWS)]
        mean, log_variance = (torch.cat(column) for column in zip(*parts, strict=True))
        return {"mean": mean, "log_variance": log_variance}

    def decode(self, networks: Mapping[str, nn.Module], codes: Tensor) -> Tensor:
        return autoencoder_of(networks).decode(codes)

    def _rows(self, batch: Batch) -> Tensor:
        return batch[next(iter(self.takes))]


def autoencoder_of(networks: Mapping[str, nn.Module]) -> architectures.AutoEncoder:
    """The group ``vae``, whose decoder answers means, not logits."""
    return cast(architectures.AutoEncoder, networks[GROUP])
