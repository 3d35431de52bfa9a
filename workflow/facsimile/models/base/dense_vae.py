"""Dense networks of Higgins et al. 2017, and the objectives of Chen et al. 2018 as released.

rtqichen/beta-tcvae at 1a3577d, vae_quant.py. Differences that are left: its probabilities are
clipped at 1e-8, so that a pixel costs at most 18.4 nats; its layers are initialised as PyTorch 0.3
does, with a limit of 1/√inputs for weights and biases, and here as all models are (Glorot, zero
biases).
"""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base import networks as architectures
from facsimile.models.base.vae import VAE, Posterior

LOG_2_PI = math.log(2 * math.pi)
# The networks have two hidden layers in the encoder and three in the decoder, all of one width.
ENCODER_LAYERS = 2
DECODER_LAYERS = 3
IMAGES = 737_280.0
"""Images of dSprites."""


@dataclass(frozen=True)
class OriginalVAE(VAE):
    """A VAE with the authors' dense networks and their estimate of the KL.

    Args:
        width: units of each hidden layer; 1,200 in the paper's runs on dSprites.
        sampled: 1 if the KL is log q(z|x) − log p(z) at the sample, as in the authors' code.
            0 for the KL in closed form, as in disentanglement_lib. Both have the same expectation.
    """

    width: float
    sampled: float = 1

    def networks(
        self,
        image_shape: tuple[int, int, int],
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        return {"vae": dense_autoencoder(image_shape, latents, int(self.width))}

    def regularizer(
        self,
        q: Posterior,
        step: Tensor | int,
    ) -> Tensor:
        return self.divergence(q)

    def divergence(self, q: Posterior) -> Tensor:
        """Return the KL from the prior, estimated as ``sampled`` says; a scalar in nats."""
        return self.sampled * sampled_kl(q) + (1 - self.sampled) * q.kl

    def check(self) -> None:
        check_width(self.width)
        if self.sampled not in (0, 1):
            raise ValueError(f"sampled must be 0 or 1, not {self.sampled}")


def check_width(width: float) -> None:
    """Raise ValueError unless ``width`` is a whole number of units."""
    if width < 1 or width != int(width):
        raise ValueError(f"width must be a whole number of units, 1 or more, not {width}")


def dense_autoencoder(
    image_shape: tuple[int, int, int],
    latents: int,
    width: int,
) -> architectures.AutoEncoder:
    """Create the authors' networks: ReLU in the encoder, tanh in the decoder.

    They are those of Higgins et al. 2017 on dSprites, with 1,200 units.

    Their last encoder layer has 2 · latents outputs. Here it is two layers of the same weights, for
    means and for log-variances. The authors' second output is the logarithm of the standard
    deviation, half of the log-variance.

    Args:
        image_shape: height, width and channels of an image, of any size.
        latents: number of latents.
        width: units of each hidden layer.
    """
    height, width_of_image, channels = image_shape
    pixels = height * width_of_image * channels
    encoder_widths = [pixels] + [width] * ENCODER_LAYERS
    decoder_widths = [latents] + [width] * DECODER_LAYERS
    body = nn.Sequential(nn.Flatten(), *_layers(encoder_widths, nn.ReLU))
    decoder = nn.Sequential(
        *_layers(decoder_widths, nn.Tanh),
        nn.Linear(width, pixels),
        nn.Unflatten(1, (channels, height, width_of_image)),
    )
    encoder = architectures.Encoder(body, latents, width)
    return architectures.AutoEncoder(encoder, decoder)


def _layers(
    widths: list[int],
    activation: type[nn.Module],
) -> Iterable[nn.Module]:
    for before, after in itertools.pairwise(widths):
        yield nn.Linear(before, after)
        yield activation()


def sampled_kl(q: Posterior) -> Tensor:
    """Return log q(z|x) − log p(z) at the sample, a mean over the batch; a scalar in nats."""
    own = log_normal(q.sample, q.mean, q.log_variance)
    zero = torch.zeros_like(q.mean)
    prior = log_normal(q.sample, zero, zero)
    return (own - prior).sum(1).mean()


def log_normal(
    z: Tensor,
    mean: Tensor,
    log_variance: Tensor,
) -> Tensor:
    """Return log N(z; mean, exp(log_variance)) of each entry; shapes are broadcast."""
    distance = (z - mean).square() * torch.exp(-log_variance)
    return -0.5 * (distance + log_variance + LOG_2_PI)


def pairwise_log_density(q: Posterior) -> Tensor:
    """Return log q(z_ij | x_k) of latent j of sample i under posterior k, [i, k, j]."""
    return log_normal(q.sample[:, None], q.mean[None], q.log_variance[None])


def total_correlation(log_density: Tensor, log_weights: Tensor) -> Tensor:
    """Estimate E[log q(z) − Σ_j log q(z_j)] from one batch; a scalar in nats.

    The estimate of q(z) at a sample is the weighted sum of the densities under the batch's
    posteriors, and that of q(z_j) likewise.

    Args:
        log_density: log q(z_ij | x_k), [b, b, d].
        log_weights: logarithm of the weight of posterior k for sample i, broadcast to [b, b].
    """
    joint = torch.logsumexp(log_density.sum(2) + log_weights, 1)
    marginals = torch.logsumexp(log_density + log_weights[..., None], 1)
    return (joint - marginals.sum(1)).mean()
