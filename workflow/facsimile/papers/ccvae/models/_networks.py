"""Networks for pictures of 28 × 28, and the Gaussians that they give.

- ``own``: the small convolutions of MattX20/CCVAE_Jax for MNIST.
- ``mlp``: two dense layers of 128 units on both sides, which are a fifth as slow on a processor.
"""

import math

from torch import Tensor, nn
from torch.nn import functional as F

from facsimile.models.base.networks import MLP, MLP_HIDDEN

SIDE = 28
CONVOLUTIONS = "own"
WIDTHS = {CONVOLUTIONS: 32, MLP: MLP_HIDDEN}
"""Features of the encoder, and units of the first layer of the decoder, by network."""
LEAST_SCALE = 1e-3
LOG_2_PI = math.log(2 * math.pi)


def check(network: str) -> None:
    """Raise ValueError for a network that there is not."""
    if network not in WIDTHS:
        raise ValueError(
            f"network {network!r} does not take pictures of {SIDE} × {SIDE} pixels; "
            f"use one of: {', '.join(WIDTHS)}"
        )


def features(network: str) -> nn.Sequential:
    """Create the layers of an encoder, from pictures [b, 1, 28, 28] to features [b, width]."""
    width = WIDTHS[network]
    if network == MLP:
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(SIDE * SIDE, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
        )
    # Flax pads by one row and column at the end where stride 2 meets an even size.
    return nn.Sequential(
        nn.ZeroPad2d((0, 1, 0, 1)),
        nn.Conv2d(1, 8, 3, 2),
        nn.ReLU(),
        nn.ZeroPad2d((0, 1, 0, 1)),
        nn.Conv2d(8, 8, 3, 2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, width, 3, 2),
        nn.ReLU(),
        nn.Flatten(),
    )


def decoder(network: str, inputs: int) -> nn.Sequential:
    """Create a decoder from codes [b, inputs] to logits [b, 1, 28, 28]."""
    width = WIDTHS[network]
    if network == MLP:
        return nn.Sequential(
            nn.Linear(inputs, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, SIDE * SIDE),
            nn.Unflatten(1, (1, SIDE, SIDE)),
        )
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.ReLU(),
        nn.Unflatten(1, (width, 1, 1)),
        nn.ConvTranspose2d(width, 16, 3, 2),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 3, 2),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 4, 2, 2),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 1, 2, 2),
    )


class Gaussian(nn.Module):
    """Means and standard deviations [b, latents] of inputs [b, n], by two dense layers."""

    def __init__(self, inputs: int, latents: int) -> None:
        super().__init__()
        self.mean = nn.Linear(inputs, latents)
        self.scale = nn.Linear(inputs, latents)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.mean(inputs), positive(self.scale(inputs))


def positive(raw: Tensor) -> Tensor:
    """Return standard deviations of at least 0.001."""
    return F.softplus(raw).clamp(min=LEAST_SCALE)


def log_normal(
    values: Tensor,
    mean: Tensor | float,
    scale: Tensor,
) -> Tensor:
    """Return the logarithm of the density of a Gaussian, summed over the last dimension."""
    standardised = (values - mean) / scale
    per_latent = standardised.square() + LOG_2_PI + 2 * scale.log()
    return -0.5 * per_latent.sum(-1)


def log_likelihood(logits: Tensor, images: Tensor) -> Tensor:
    """Return log p(x|z) [b] in nats, minus the cross entropy of pixels in [0, 1]."""
    errors = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    return -errors.flatten(1).sum(1)
