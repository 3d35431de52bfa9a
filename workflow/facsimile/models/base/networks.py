"""Encoders and decoders by name, and TensorFlow's initialisation with counter-based random numbers.

There are three networks. All map images [b, c, 64, 64] to means and log-variances [b, latents], and
codes back to logits [b, c, 64, 64]; they differ in the encoder. The sizes below are for one channel
and 10 latents.

- ``dlib``: disentanglement_lib's code (``conv_encoder`` of its architectures.py): 2×2 kernels in
  the third and fourth layer; 690,517 parameters, 5.27 GFLOP per training step of 64 images.
- ``paper``: the table in the paper: 4×4 kernels everywhere; 764,245 parameters, 6.18 GFLOP.
- ``disent``: disent's port: 4×4 kernels with padding 2, hence 1,600 features before the dense
  layer; 911,701 parameters.

TensorFlow's padding "same" is a padding of 1 for these 4×4 kernels and of 0 for the 2×2 ones.
TensorFlow flattens [h, w, c] and torch [c, h, w]. This permutes the inputs of one dense layer (in
the decoder: the outputs). As their weights are independent and identically distributed, both
orders define the same distribution of models.
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
    """A shared body and two linear heads, for means and log-variances.

    Args:
        body: maps images [b, c, h, w] to features [b, HIDDEN].
        latents: number of latents.
    """

    def __init__(
        self,
        body: nn.Module,
        latents: int,
    ) -> None:
        super().__init__()
        self.body = body
        self.mean = nn.Linear(HIDDEN, latents)
        self.log_variance = nn.Linear(HIDDEN, latents)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log-variances [b, latents] of images [b, c, h, w]."""
        hidden = self.body(images)
        return self.mean(hidden), self.log_variance(hidden)


class AutoEncoder(nn.Module):
    """An encoder and a decoder.

    Args:
        encoder: maps images [b, c, h, w] to means and log-variances [b, latents].
        decoder: maps codes [b, latents] to logits [b, c, h, w].
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log-variances [b, latents], in float32 even under autocast."""
        mean, log_variance = self.encoder(images)
        return at_least_float32(mean), at_least_float32(log_variance)

    def decode(self, codes: Tensor) -> Tensor:
        """Return logits [b, c, h, w] of codes [b, latents], in float32 even under autocast."""
        return at_least_float32(self.decoder(codes))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits that the posterior means of images decode to."""
        return self.decode(self.encode(images)[0])


def at_least_float32(tensor: Tensor) -> Tensor:
    """Convert bfloat16 and float16 to float32.

    float64 stays, so that exactness can be tested in float64.
    """
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def autoencoder(
    name: str,
    image_shape: tuple[int, int, int],
    latents: int,
) -> AutoEncoder:
    """Create an autoencoder.

    Args:
        name: architecture, a key of ``ENCODERS``.
        image_shape: height, width and channels of an image; height and width must be 64.
        latents: number of latents.

    Raises:
        UnknownName: there is no such architecture.
        ValueError: images are not 64 × 64.
    """
    if name not in ENCODERS:
        raise discover.UnknownName("network", name, list(ENCODERS))
    height, width, channels = image_shape
    if (height, width) != (SIDE, SIDE):
        raise ValueError(
            f"network {name!r} takes images of {SIDE} × {SIDE}, not {height} × {width}; "
            "resize the data set"
        )
    body = ENCODERS[name](channels)
    return AutoEncoder(Encoder(body, latents), _decoder(latents, channels))


def discriminator(latents: int) -> nn.Sequential:
    """Create FactorVAE's discriminator, from codes [b, latents] to two logits [b, 2].

    It has six dense layers of 1,000 units with leaky ReLU (0.2) (Kim and Mnih 2018, appendix A), as
    in disentanglement_lib's code (``fc_discriminator``).
    """
    layers: list[nn.Module] = []
    widths = [latents] + [1000] * 6
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(1000, 2))


def _body(
    kernel: int,
    first: int,
    last: int,
    features: int,
) -> Callable[[int], nn.Sequential]:
    """Return a function from a number of channels to the body of an encoder.

    Args:
        kernel: size of the kernel of the last two of the four convolutions.
        first: padding of the first two convolutions.
        last: padding of the last two convolutions.
        features: inputs of the dense layer.
    """

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
def initialise(
    module: nn.Module,
    seed: int,
    group: str,
) -> None:
    """Initialise a network as TensorFlow 1 does: Glorot uniform weights and zero biases.

    The values depend only on the seed, the group and the position of the parameter (Glorot and
    Bengio 2010, eq. 16). PyTorch's default, Kaiming uniform with a = √5 and random biases, is
    another distribution.

    Args:
        module: network to initialise in place.
        seed: seed of the run.
        group: name of the group of parameters.

    Raises:
        TypeError: TensorFlow's initialisation of some layer is not implemented here.
    """
    index = 0
    for layer in module.modules():
        for parameter in layer.parameters(recurse=False):
            if not isinstance(layer, Layer):
                raise TypeError(
                    f"{type(layer).__name__} in {group!r}: its initialisation in TensorFlow is not "
                    "implemented; add it to networks.initialise"
                )
            if parameter is layer.bias:
                parameter.zero_()
            else:
                # The position of the parameter takes the place of the step.
                drawn = rng.uniforms_for(
                    seed,
                    index,
                    f"init:{group}",
                    parameter.shape,
                    parameter.device,
                )
                parameter.copy_((2 * drawn - 1) * glorot_limit(parameter))
            index += 1


def glorot_limit(weight: Tensor) -> float:
    """Return √(6 / (inputs + outputs)) of the weight of a dense layer or a convolution.

    Transposed convolutions swap inputs and outputs, which leaves the sum unchanged.
    """
    positions = weight[0, 0].numel()
    channels = weight.shape[0] + weight.shape[1]
    return math.sqrt(6 / (positions * channels))
