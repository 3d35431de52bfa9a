"""Encoders and decoders by name, and TensorFlow's initialisation drawn from the counter-based generator.

Three networks go by the name of the study's architecture. All map [b, c, 64, 64] to [b, 2·latents] (means, then log-variances)
and back to logits [b, c, 64, 64]. Sizes are for one channel and 10 latents.

- ``dlib``: disentanglement_lib's code (``architectures.py``): 2×2 kernels in the third and fourth layer; 690,517 parameters.
- ``paper``: the paper's table: 4×4 kernels everywhere; 764,245 parameters.
- ``disent``: disent's port: 4×4 kernels with padding 2, hence 1,600 features before the dense layer; 911,701 parameters.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from facsimile import discover, rng

SIDE = 64  # height and width of the images that these networks take


class AutoEncoder(nn.Module):
    """An encoder to the posterior's means and log-variances, and a decoder to logits."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances [b, latents] of images [b, c, h, w], in full precision."""
        mean, log_variance = full(self.encoder(images)).chunk(2, 1)
        return mean, log_variance

    def decode(self, codes: Tensor) -> Tensor:
        """Logits [b, c, h, w] of codes [b, latents], in full precision."""
        return full(self.decoder(codes))

    def forward(self, images: Tensor) -> Tensor:
        """Logits from the posterior means."""
        return self.decode(self.encode(images)[0])


def full(x: Tensor) -> Tensor:
    """What a network running in half precision answers, as float32: losses and latents are computed in full precision."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def autoencoder(name: str, image_shape: tuple[int, int, int], latents: int) -> AutoEncoder:
    """The named network for images (h, w, c); raises UnknownName, and ValueError for images that are not 64 × 64."""
    if name not in ENCODERS:
        raise discover.UnknownName("network", name, list(ENCODERS))
    height, width, channels = image_shape
    if (height, width) != (SIDE, SIDE):
        raise ValueError(f"network {name!r} takes images of {SIDE} × {SIDE}, not {height} × {width}; resize the data set")
    return AutoEncoder(ENCODERS[name](channels, 2 * latents), _decoder(latents, channels))


def discriminator(latents: int) -> nn.Sequential:
    """Six dense layers of 1,000 with leaky ReLU (0.2) and two logits: FactorVAE's, as disentanglement_lib has it."""
    widths = [latents] + [1000] * 6
    hidden = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
    return nn.Sequential(*hidden, nn.Linear(1000, 2))


def _encoder(kernel: int, padding: tuple[int, int], features: int) -> Callable[[int, int], nn.Sequential]:
    """Four convolutions of stride 2; the last two have the given kernel; ``padding`` of the first and of the last two."""
    first, last = padding

    def make(channels: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(channels, 32, 4, 2, first),
            nn.ReLU(),
            nn.Conv2d(32, 32, 4, 2, first),
            nn.ReLU(),
            nn.Conv2d(32, 64, kernel, 2, last),
            nn.ReLU(),
            nn.Conv2d(64, 64, kernel, 2, last),
            nn.ReLU(),
            # TensorFlow flattens [h, w, c], torch [c, h, w]: a permutation of a layer whose weights are drawn independently.
            nn.Flatten(),
            nn.Linear(features, 256),
            nn.ReLU(),
            nn.Linear(256, outputs),
        )

    return make


def _decoder(latents: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(latents, 256),
        nn.ReLU(),
        nn.Linear(256, 1024),
        nn.ReLU(),
        nn.Unflatten(1, (64, 4, 4)),
        nn.ConvTranspose2d(64, 64, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 32, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(32, channels, 4, 2, 1),
    )


ENCODERS = {
    "dlib": _encoder(kernel=2, padding=(1, 0), features=1024),
    "paper": _encoder(kernel=4, padding=(1, 1), features=1024),
    "disent": _encoder(kernel=4, padding=(2, 2), features=1600),
}


@torch.no_grad()
def initialise(module: nn.Module, seed: int, group: str) -> None:
    """Initialise as TensorFlow 1 layers do: Glorot uniform weights, zero biases (Glorot and Bengio 2010, eq. 16).

    The numbers depend on (seed, group, position of the parameter) alone. PyTorch's default (Kaiming uniform with a = √5, biases
    drawn too) is another distribution. The two heads of the encoder are one layer here, whose Glorot limit is that of a head.
    """
    for index, parameter in enumerate(module.parameters()):
        if parameter.dim() == 1:
            parameter.zero_()
        else:
            drawn = rng.uniforms(torch.tensor([seed]), torch.tensor([index]), f"init:{group}", parameter.numel())
            parameter.copy_((2 * drawn.view(parameter.shape) - 1) * _limit(module, parameter))


def _limit(module: nn.Module, weight: Tensor) -> float:
    """√(6 / (inputs + outputs)); a layer that joins two heads counts the outputs of one."""
    inputs, outputs = weight.shape[1] * weight[0, 0].numel(), weight.shape[0] * weight[0, 0].numel()
    if isinstance(module, AutoEncoder) and weight is module.encoder[-1].weight:  # type: ignore[index]
        outputs //= 2
    return math.sqrt(6 / (inputs + outputs))
