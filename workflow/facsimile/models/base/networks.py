"""Encoders and decoders by name, and TensorFlow's initialisation drawn from the counter-based generator.

Three networks go by the name of the study's architecture. All map images [b, c, 64, 64] to means and log-variances
[b, latents], and codes back to logits [b, c, 64, 64]; they differ in the encoder. Sizes are for one channel and 10 latents.

- ``dlib``: disentanglement_lib's code (``conv_encoder`` of its architectures.py): 2×2 kernels in the third and fourth layer;
  690,517 parameters, 5.27 GFLOP a training step of 64 images.
- ``paper``: the paper's table: 4×4 kernels everywhere; 764,245 parameters, 6.18 GFLOP.
- ``disent``: disent's port: 4×4 kernels with padding 2, hence 1,600 features before the dense layer; 911,701 parameters.

TensorFlow's padding "same" is a padding of 1 for these 4×4 kernels and of 0 for the 2×2 ones. TensorFlow flattens [h, w, c] and
torch [c, h, w]: a permutation of the inputs of a dense layer (in the decoder: of its outputs), whose weights are drawn
independently and alike, so that the models have the same distribution.
"""

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from facsimile.foundation import discover
from facsimile.models.base import rng

SIDE = 64  # height and width of the images that these networks take
HIDDEN = 256  # outputs of the dense layer before the heads
Layer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


class Encoder(nn.Module):
    """Layers that the two heads share, and the heads."""

    def __init__(self, body: nn.Module, latents: int) -> None:
        super().__init__()
        self.body = body
        self.mean, self.log_variance = nn.Linear(HIDDEN, latents), nn.Linear(HIDDEN, latents)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(images)
        return self.mean(hidden), self.log_variance(hidden)


class AutoEncoder(nn.Module):
    """An encoder to the posterior's means and log-variances, and a decoder to logits."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances [b, latents] of images [b, c, h, w], in float32 also under autocast."""
        mean, log_variance = self.encoder(images)
        return at_least_float32(mean), at_least_float32(log_variance)

    def decode(self, codes: Tensor) -> Tensor:
        """Logits [b, c, h, w] of codes [b, latents], in float32 also under autocast."""
        return at_least_float32(self.decoder(codes))

    def forward(self, images: Tensor) -> Tensor:
        """Logits from the posterior means."""
        return self.decode(self.encode(images)[0])


def at_least_float32(tensor: Tensor) -> Tensor:
    """bfloat16 and float16 as float32; wider types as they are, so that exactness can be tested in float64."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def autoencoder(name: str, image_shape: tuple[int, int, int], latents: int) -> AutoEncoder:
    """The named network for images (h, w, c); raises UnknownName, and ValueError for images that are not 64 × 64."""
    if name not in ENCODERS:
        raise discover.UnknownName("network", name, list(ENCODERS))
    height, width, channels = image_shape
    if (height, width) != (SIDE, SIDE):
        raise ValueError(
            f"network {name!r} takes images of {SIDE} × {SIDE}, not {height} × {width}; resize the data set"
        )
    return AutoEncoder(Encoder(ENCODERS[name](channels), latents), _decoder(latents, channels))


def discriminator(latents: int) -> nn.Sequential:
    """Codes [b, latents] to two logits, by six dense layers of 1,000 with leaky ReLU (0.2).

    FactorVAE's (Kim and Mnih 2018, appendix A) in disentanglement_lib's code (``fc_discriminator``).
    """
    widths = [latents] + [1000] * 6
    hidden = [
        layer
        for a, b in itertools.pairwise(widths)
        for layer in (nn.Linear(a, b), nn.LeakyReLU(0.2))
    ]
    return nn.Sequential(*hidden, nn.Linear(1000, 2))


def _body(kernel: int, first: int, last: int, features: int) -> Callable[[int], nn.Sequential]:
    """Four convolutions of stride 2, padded by ``first`` and, the last two, of the given kernel, by ``last``; a dense layer."""

    def make(channels: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(channels, 32, 4, 2, first),
            nn.ReLU(),
            nn.Conv2d(32, 32, 4, 2, first),
            nn.ReLU(),
            nn.Conv2d(32, 64, kernel, 2, last),
            nn.ReLU(),
            nn.Conv2d(64, 64, kernel, 2, last),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(features, HIDDEN),
            nn.ReLU(),
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
    "dlib": _body(kernel=2, first=1, last=0, features=1024),
    "paper": _body(kernel=4, first=1, last=1, features=1024),
    "disent": _body(kernel=4, first=2, last=2, features=1600),
}


@torch.no_grad()
def initialise(module: nn.Module, seed: int, group: str) -> None:
    """Initialise as TensorFlow 1 layers do: Glorot uniform weights, zero biases (Glorot and Bengio 2010, eq. 16).

    The numbers depend on (seed, group, position of the parameter) alone. PyTorch's default, Kaiming uniform with a = √5 and
    drawn biases, is another distribution. Raises TypeError for a layer whose initialisation in TensorFlow is not known here.
    """
    owned = [
        (layer, parameter)
        for layer in module.modules()
        for parameter in layer.parameters(recurse=False)
    ]
    for index, (layer, parameter) in enumerate(owned):
        if not isinstance(layer, Layer):
            raise TypeError(
                f"{type(layer).__name__} in {group!r}: no TensorFlow initialisation is known; add it to initialise"
            )
        if parameter is layer.bias:
            parameter.zero_()
        else:
            key = torch.tensor([seed, index], device=parameter.device)
            drawn = rng.uniforms(key[:1], key[1:], f"init:{group}", parameter.numel())
            parameter.copy_((2 * drawn.view(parameter.shape) - 1) * glorot_limit(parameter))


def glorot_limit(weight: Tensor) -> float:
    """√(6 / (inputs + outputs)) of a dense or convolutional weight; the same for a transposed convolution, which swaps them."""
    positions = weight[0, 0].numel()
    return math.sqrt(6 / (positions * (weight.shape[0] + weight.shape[1])))
