"""What the ARD-VAEs share: the KL to a prior with estimated variances, and the model of arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from facsimile.models.base import networks as architectures
from facsimile.models.base.arrays import ArraysModel, Batch
from facsimile.models.base.model import Draw, Losses, detached

GROUP = "vae"
ROWS = 256  # rows encoded at once; convolutions of more would need gigabytes


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(q(z|x) ‖ N(0, v)), where v_j is the mean of z_j² under q over the batch.

    The KL is summed over latents and averaged over the batch, in nats. v has no gradient.

    Saha et al. 2025 use a Gamma(0, 0) prior of the precision α_j, and the mean of its posterior
    given the codes: 1/α_j = E[z_j²]. The paper estimates v from 10,000 images that it holds out of
    the epoch and encodes again every epoch. Here v is that of the batch itself, so that it never
    lags behind. The released code (vae_loss.py, 6312ffc) adds v where log v belongs: its
    gradient is the same, its logged value is not.

    Args:
        mean: posterior means [b, d].
        log_variance: posterior log-variances [b, d].
    """
    second_moment = mean.square() + log_variance.exp()
    prior = second_moment.mean(0).detach()
    ratio = second_moment / prior
    per_latent = ratio + prior.log() - log_variance - 1
    return 0.5 * per_latent.sum(1).mean()


class Halves(nn.Module):
    """Splits the 2 d outputs of a network into means and log-variances [b, d].

    Args:
        body: maps rows to [b, 2 d].
    """

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.body(rows).chunk(2, 1)
        return mean, log_variance


@dataclass(frozen=True)
class ARDOfArrays(ArraysModel):
    """ARD-VAE of one array, the only one that a subclass names in ``takes``.

    It minimises the squared error, summed over a row, + β KL. The squared error is not halved, as
    in the released code, so that β has half the weight that it has in a Gaussian bound. Subclasses
    override ``networks``, with one group ``vae`` whose decoder returns means.

    Args:
        beta: weight of the KL to the prior whose variances are those of the codes.
    """

    beta: float

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Initialise dense layers and convolutions as TensorFlow; batch norms are the identity."""
        for name, layer in networks[GROUP].named_modules():
            if isinstance(layer, architectures.Layer):
                architectures.initialise(layer, seed, f"{GROUP}.{name}")

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
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
        deviation = torch.exp(0.5 * log_variance)
        sample = mean + deviation * noise["z"]
        squares = (vae.decode(sample) - rows).square()
        reconstruction = squares.flatten(1).sum(1).mean()
        kl = divergence(mean, log_variance)
        loss = reconstruction + self.beta * kl
        terms = {"reconstruction": reconstruction, "kl": kl}
        return Losses({GROUP: loss}, detached(terms))

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        vae = autoencoder_of(networks)
        means: list[Tensor] = []
        log_variances: list[Tensor] = []
        for rows in self._rows(batch).split(ROWS):
            mean, log_variance = vae.encode(rows)
            means.append(mean)
            log_variances.append(log_variance)
        return {
            "mean": torch.cat(means),
            "log_variance": torch.cat(log_variances),
        }

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        return autoencoder_of(networks).decode(codes)

    def _rows(self, batch: Batch) -> Tensor:
        return batch[next(iter(self.takes))]


def autoencoder_of(networks: Mapping[str, nn.Module]) -> architectures.AutoEncoder:
    """Return the group ``vae``, with its type; its decoder returns means, not logits."""
    return cast(architectures.AutoEncoder, networks[GROUP])
