"""Encoders and decoders by name, and TensorFlow's initialisation with counter-based random numbers.

Networks map images [b, c, h, w] to means and log-variances [b, latents], and codes back to logits
[b, c, h, w]. Three of them take images of 64 × 64 and differ in the encoder only. The sizes below
are for one channel and 10 latents.

- ``dlib``: disentanglement_lib's code (``conv_encoder`` of its architectures.py): 2×2 kernels in
  the third and fourth layer; 690,517 parameters, 5.27 GFLOP per training step of 64 images.
- ``paper``: the table in the paper: 4×4 kernels everywhere; 764,245 parameters, 6.18 GFLOP.
- ``disent``: disent's port: 4×4 kernels with padding 2, hence 1,600 features before the dense
  layer; 911,701 parameters.
- ``mlp``: two dense layers of 128 units on both sides, for small images of any size; 102,932
  parameters and 40 MFLOP per training step of 64 images of 16 × 16.

TensorFlow's padding "same" is a padding of 1 for these 4×4 kernels and of 0 for the 2×2 ones.
TensorFlow flattens [h, w, c] and torch [c, h, w]. This permutes the inputs of one dense layer (in
the decoder: the outputs). As their weights are independent and identically distributed, both
orders define the same distribution of models.
"""

import itertools
import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from facsimile.foundation import discover
from facsimile.models.base import rng

SIDE = 64  # height and width of the images that these networks take
HIDDEN = 256  # outputs of the dense layer before the heads
MLP = "mlp"  # the network without convolutions
MLP_HIDDEN = 128  # units of each of its layers
SMALL = 500_000  # parameters of all groups together, with one channel or three
Layer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


class Encoder(nn.Module):
    """A shared body and two linear heads, for means and log-variances.

    Args:
        body: maps images [b, c, h, w] to features [b, hidden].
        latents: number of latents.
        hidden: number of features.
    """

    def __init__(
        self,
        body: nn.Module,
        latents: int,
        hidden: int = HIDDEN,
    ) -> None:
        super().__init__()
        self.body = body
        self.mean = nn.Linear(hidden, latents)
        self.log_variance = nn.Linear(hidden, latents)

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
        name: architecture, one of ``NAMES``.
        image_shape: height, width and channels of an image; height and width must be 64 for
            networks of convolutions.
        latents: number of latents.

    Raises:
        UnknownName: there is no such architecture.
        ValueError: images are not 64 × 64, and the network has convolutions.
    """
    if name not in NAMES:
        raise discover.UnknownName("network", name, list(NAMES))
    if name == MLP:
        return _mlp(image_shape, latents)
    height, width, channels = image_shape
    if (height, width) != (SIDE, SIDE):
        raise ValueError(
            f"network {name!r} takes images of {SIDE} × {SIDE}, not {height} × {width}; "
            f"resize the data set, or use network {MLP!r}, which takes images of any size"
        )
    body = ENCODERS[name](channels)
    return AutoEncoder(Encoder(body, latents), _decoder(latents, channels))


def discriminator(latents: int, network: str = "dlib") -> nn.Sequential:
    """Create FactorVAE's discriminator, from codes [b, latents] to two logits [b, 2].

    It has six dense layers of 1,000 units with leaky ReLU (0.2) (Kim and Mnih 2018, appendix A), as
    in disentanglement_lib's code (``fc_discriminator``). Beside the network ``mlp`` its layers have
    128 units: with 1,000 it would have 49 times the parameters of the autoencoder.

    Args:
        latents: number of latents.
        network: architecture of the autoencoder that it is trained with.
    """
    width = MLP_HIDDEN if network == MLP else 1000
    layers: list[nn.Module] = []
    widths = [latents] + [width] * 6
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(width, 2))


def _mlp(image_shape: tuple[int, int, int], latents: int) -> AutoEncoder:
    height, width, channels = image_shape
    pixels = height * width * channels
    hidden = MLP_HIDDEN
    body = nn.Sequential(
        nn.Flatten(),
        nn.Linear(pixels, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
    )
    decoder = nn.Sequential(
        nn.Linear(latents, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, pixels),
        nn.Unflatten(1, (channels, height, width)),
    )
    return AutoEncoder(Encoder(body, latents, hidden), decoder)


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
# Read without importing torch, so all names are written out.
NAMES = ("dlib", "paper", "disent", "mlp")


def is_small(nets: Mapping[str, nn.Module]) -> bool:
    """Return whether a processor trains packs of such networks faster than one after the other.

    They have dense layers only, and at most ``SMALL`` parameters. Convolutions keep a core busy
    with one run, and so do larger dense layers.
    """
    parameters = 0
    for network in nets.values():
        for layer in network.modules():
            own = list(layer.parameters(recurse=False))
            if own and not isinstance(layer, nn.Linear):
                return False
            parameters += sum(parameter.numel() for parameter in own)
    return parameters <= SMALL


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
