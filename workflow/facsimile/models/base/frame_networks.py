"""Encoder and decoder of frames of 32 × 32 or 64 × 64 pixels, and dense layers of latents.

As in the released code of CITRIS (phlippe/CITRIS 95f6c90, models/shared), without LayerNorm. For
frames of 64 × 64 it has other networks, with batch normalisation and residual blocks; here those of
32 × 32 get one more pair of convolutions.
"""

import math

import torch
from torch import Tensor, nn

from facsimile.models.base import rng

SIDE = 32  # height and width of the frames
SIDES = (SIDE, 2 * SIDE)  # all that there are networks for
DEEPEST = 4  # height and width after the last convolution of the encoder
SQUASH = 4.0  # limit of log standard deviations


class Position(nn.Module):
    """Adds a linear map of each pixel's coordinates, from -1 to 1, to its channels.

    Args:
        channels: number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.embedding = nn.Linear(2, channels)

    def forward(self, images: Tensor) -> Tensor:
        """Return images [b, channels, h, w] with their positions."""
        height, width = images.shape[2:]
        down = torch.linspace(-1, 1, height)[:, None].expand(height, width)
        across = torch.linspace(-1, 1, width).expand(height, width)
        grid = torch.stack([down, across], -1)
        return images + self.embedding(grid).permute(2, 0, 1)


class Encoder(nn.Module):
    """Five convolutions and two dense layers; seven convolutions for frames of 64 × 64.

    Args:
        channels: channels of a frame.
        width: channels of the first convolutions; the last ones have twice as many.
        latents: number of latents.
        side: height and width of a frame, one of ``SIDES``.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        latents: int,
        side: int = SIDE,
    ) -> None:
        super().__init__()
        wide = 2 * width
        halving = (
            nn.Conv2d(width, width, 3, 2, 1),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.SiLU(),
        )
        more = halving if side > SIDE else ()
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 3, 2, 1),
            Position(width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.SiLU(),
            *more,
            nn.Conv2d(width, wide, 3, 2, 1),
            nn.SiLU(),
            nn.Conv2d(wide, wide, 3, 1, 1),
            nn.SiLU(),
            nn.Conv2d(wide, wide, 3, 2, 1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(wide * DEEPEST**2, 4 * width),
            nn.SiLU(),
            nn.Linear(4 * width, 2 * latents),
        )

    def forward(
        self,
        frames: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return means and log standard deviations [b, latents] of frames [b, c, side, side]."""
        mean, raw = self.body(frames).chunk(2, 1)
        return mean, SQUASH * torch.tanh(raw / SQUASH)


class Decoder(nn.Module):
    """The mirror of ``Encoder``, with an output in [-1, 1].

    Args:
        channels: channels of a frame.
        width: as of ``Encoder``.
        latents: number of latents.
        side: height and width of a frame, one of ``SIDES``.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        latents: int,
        side: int = SIDE,
    ) -> None:
        super().__init__()
        wide = 2 * width
        doubling = (
            nn.ConvTranspose2d(width, width, 3, 2, 1, 1),
            Position(width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            Position(width),
            nn.SiLU(),
        )
        more = doubling if side > SIDE else ()
        self.body = nn.Sequential(
            nn.Linear(latents, 4 * width),
            nn.SiLU(),
            nn.Linear(4 * width, wide * DEEPEST**2),
            nn.SiLU(),
            nn.Unflatten(1, (wide, DEEPEST, DEEPEST)),
            nn.ConvTranspose2d(wide, wide, 3, 2, 1, 1),
            Position(wide),
            nn.SiLU(),
            nn.Conv2d(wide, wide, 3, 1, 1),
            Position(wide),
            nn.SiLU(),
            nn.ConvTranspose2d(wide, width, 3, 2, 1, 1),
            Position(width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            Position(width),
            nn.SiLU(),
            *more,
            nn.ConvTranspose2d(width, channels, 3, 2, 1, 1),
            nn.Tanh(),
        )

    def forward(self, codes: Tensor) -> Tensor:
        """Return frames [b, c, side, side] in [-1, 1] of codes [b, latents]."""
        decoded: Tensor = self.body(codes)
        return decoded


class PerLatent(nn.Module):
    """A dense layer with weights of its own for each latent.

    Args:
        latents: number of latents.
        inputs: inputs of each latent.
        outputs: outputs of each latent.
    """

    def __init__(
        self,
        latents: int,
        inputs: int,
        outputs: int,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(latents, outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(latents, outputs))

    def forward(self, values: Tensor) -> Tensor:
        """Return outputs [..., latents, outputs] of inputs [..., latents, inputs]."""
        return torch.einsum("...li,loi->...lo", values, self.weight) + self.bias


class Uniform(nn.Module):
    """A parameter whose starting values are uniform within a limit.

    Args:
        limit: the largest starting value; with 0, all are 0.
        *shape: shape of the parameter.
    """

    def __init__(
        self,
        limit: float,
        *shape: int,
    ) -> None:
        super().__init__()
        self.limit = limit
        self.values = nn.Parameter(torch.zeros(shape))


def initialise(
    network: nn.Module,
    seed: int,
    purpose: str,
) -> None:
    """Set the starting values of a group as the released code does, by our own random numbers.

    Dense layers and convolutions start as PyTorch's: uniform within 1/√inputs, biases too. Weights
    of ``PerLatent`` start by He's rule as PyTorch applies it to three dimensions, which divides by
    inputs times outputs; their biases are 0.
    """
    position = 0
    with torch.no_grad():
        for layer in network.modules():
            for name, parameter in layer.named_parameters(recurse=False):
                uniform = rng.uniforms_for(seed, position, purpose, parameter.shape)
                parameter.copy_((2 * uniform - 1) * _limit(layer, name))
                position += 1


def _limit(layer: nn.Module, name: str) -> float:
    """The largest starting value of a parameter of a layer."""
    if isinstance(layer, Uniform):
        return layer.limit
    if isinstance(layer, PerLatent):
        fan = layer.weight[0].numel()
        return math.sqrt(6 / fan) if name == "weight" else 0.0
    weight = layer.weight
    assert isinstance(weight, Tensor)
    # PyTorch counts all dimensions but the first, for transposed convolutions too.
    return 1 / math.sqrt(weight[0].numel())
