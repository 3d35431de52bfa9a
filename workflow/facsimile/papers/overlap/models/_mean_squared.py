"""VAEs whose reconstruction is a squared error of standardised images, all terms means (Michlo et al. 2023; nmichlo/disent)."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base.model import Losses
from facsimile.models.base.vae import VAE, Posterior, autoencoder_of, gaussian_kl

RADIUS = 31  # of the box: 63 × 63 pixels


@dataclass(frozen=True)
class MeanSquaredVAE(VAE):
    """Mean squared error of a linear decoder + β · KL, a mean over latents.

    beta: weight of the KL's mean over latents; against sums over pixels and latents it is β · pixels / latents, so that 0.003
        is about the 4 of others for 9 latents and images of 64 × 64 × 3.
    pixel_mean: mean of the data set's pixels in [0, 1], by which images are standardised (the paper's Table A2).
    pixel_std: their standard deviation (Table A2); mean and deviation are one for all channels.
    """

    beta: float
    pixel_mean: float = 0.0
    pixel_std: float = 1.0

    def regularizer(self, q: Posterior, step: Tensor | int) -> Tensor:
        return self.beta * q.kl / q.mean.shape[1]

    def error(self, difference: Tensor) -> Tensor:
        """What the reconstruction costs, a scalar, by its ``difference`` [b, c, h, w] to the standardised images."""
        return difference.square().mean()

    def shared(self, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor]:
        """The posterior that codes are drawn from, [b, d] each: the encoder's, unless images of a pair share some of theirs."""
        return mean, log_variance

    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        vae, given = autoencoder_of(networks), self._standardised(images)
        mean, log_variance = self.shared(*vae.encode(given))
        q = Posterior(
            mean,
            log_variance,
            mean + torch.exp(0.5 * log_variance) * noise["z"],
            gaussian_kl(mean, log_variance),
        )
        error, regularizer = self.error(vae.decode(q.sample) - given), self.regularizer(q, step)
        terms = {"reconstruction": error, "kl": q.kl, "regularizer": regularizer}
        return Losses(
            {"vae": error + regularizer}, {name: term.detach() for name, term in terms.items()}
        )

    def infer(self, networks: Mapping[str, nn.Module], images: Tensor) -> tuple[Tensor, Tensor]:
        return autoencoder_of(networks).encode(self._standardised(images))

    def decode(self, networks: Mapping[str, nn.Module], codes: Tensor) -> Tensor:
        return (autoencoder_of(networks).decode(codes) * self.pixel_std + self.pixel_mean).clamp(
            0, 1
        )

    def _standardised(self, images: Tensor) -> Tensor:
        return (images - self.pixel_mean) / self.pixel_std


def box_blurred(difference: Tensor) -> Tensor:
    """The mean over a box of 63 × 63 pixels around each of [b, c, h, w], zeros beyond the edge counted; one axis at a time."""
    return _blurred(_blurred(difference).mT).mT


def _blurred(rows: Tensor) -> Tensor:
    # Differences of running sums: the cost does not grow with the box.
    sums = functional.pad(rows, (RADIUS + 1, RADIUS)).cumsum(-1)
    return (sums[..., 2 * RADIUS + 1 :] - sums[..., : -2 * RADIUS - 1]) / (2 * RADIUS + 1)


def box_blur_error(difference: Tensor, weight: Tensor | float) -> Tensor:
    """Mean squared error and, ``weight`` times, that of both images blurred: blurring is linear, so of their difference."""
    return difference.square().mean() + weight * box_blurred(difference).square().mean()
