"""VAEs with a squared error of standardised images, whose terms are all means.

Michlo et al. 2023; nmichlo/disent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base.model import Losses, detached
from facsimile.models.base.vae import VAE, Posterior, autoencoder_of, gaussian_kl

RADIUS = 31  # of the box
BOX = 2 * RADIUS + 1  # height and width in pixels


@dataclass(frozen=True)
class MeanSquaredVAE(VAE):
    """VAE with a squared error.

    It minimises the mean squared error of a linear decoder + β · KL, where the KL is a mean over
    latents. Subclasses may override ``error`` and ``shared``.

    Args:
        beta: weight of the KL's mean over latents.
            With sums over pixels and latents the weight would be β · pixels / latents, so that
            0.003 corresponds to about 4 elsewhere, for 9 latents and images of 64 × 64 × 3.
        pixel_mean: mean of the data set's pixels in [0, 1], for standardisation.
        pixel_std: standard deviation of the data set's pixels.
            Both are from the paper's Table A2 and the same for all channels.
    """

    beta: float
    pixel_mean: float = 0.0
    pixel_std: float = 1.0

    def regularizer(
        self,
        q: Posterior,
        step: Tensor | int,
    ) -> Tensor:
        latents = q.mean.shape[1]
        return self.beta * q.kl / latents

    def error(self, difference: Tensor) -> Tensor:
        """Return the reconstruction loss, a scalar.

        Args:
            difference: decoded minus standardised images, [b, c, h, w].
        """
        return difference.square().mean()

    def shared(
        self,
        mean: Tensor,
        log_variance: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the means and log-variances [b, d] from which codes are sampled.

        The default is the posterior of the encoder. Models of pairs override this to share latents
        between the images of a pair.
        """
        return mean, log_variance

    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        vae = autoencoder_of(networks)
        standardised = self._standardised(images)
        mean, log_variance = self.shared(*vae.encode(standardised))
        deviation = torch.exp(0.5 * log_variance)
        sample = mean + deviation * noise["z"]
        kl = gaussian_kl(mean, log_variance)
        q = Posterior(mean, log_variance, sample, kl)
        difference = vae.decode(sample) - standardised
        error = self.error(difference)
        regularizer = self.regularizer(q, step)
        terms = {"reconstruction": error, "kl": kl, "regularizer": regularizer}
        return Losses({"vae": error + regularizer}, detached(terms))

    def infer(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
    ) -> tuple[Tensor, Tensor]:
        return autoencoder_of(networks).encode(self._standardised(images))

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        standardised = autoencoder_of(networks).decode(codes)
        images = standardised * self.pixel_std + self.pixel_mean
        return images.clamp(0, 1)  # a linear decoder may leave the range

    def _standardised(self, images: Tensor) -> Tensor:
        return (images - self.pixel_mean) / self.pixel_std


def box_blurred(difference: Tensor) -> Tensor:
    """Return the mean over a box of 63 × 63 pixels around each pixel of [b, c, h, w].

    Pixels beyond the edge count as zeros. The two axes are blurred one after the other.
    """
    return _blurred(_blurred(difference).mT).mT


def _blurred(rows: Tensor) -> Tensor:
    # Differences of cumulative sums: the cost does not depend on the size of the box.
    padded = functional.pad(rows, (RADIUS + 1, RADIUS))  # so that the first sum is 0
    sums = padded.cumsum(-1)
    return (sums[..., BOX:] - sums[..., :-BOX]) / BOX


def box_blur_error(difference: Tensor, weight: Tensor | float) -> Tensor:
    """Return the mean squared error plus ``weight`` times that of the blurred images.

    Blurring is linear, so the difference of the blurred images is the blurred difference.
    """
    error = difference.square().mean()
    blurred = box_blurred(difference)
    return error + weight * blurred.square().mean()
