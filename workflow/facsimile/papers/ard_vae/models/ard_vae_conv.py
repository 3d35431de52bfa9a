"""ARD-VAE of small grey images, with the convolutions that its authors use for MNIST."""

import itertools
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from facsimile.models.base.arrays import Shapes
from facsimile.models.base.networks import AutoEncoder
from facsimile.papers.ard_vae.models._ard import GROUP, ARDOfArrays, Halves

STEP_SECONDS = {"1": 0.0175, "width**2": 2.18e-4}  # float32, batch of 100
PADDING = 2  # to 32 × 32, which is halved four times to 2 × 2
CORNER = 2  # height and width after the last convolution
HALVING = (4, 2, 1)  # kernel, stride and padding that halve height and width, or double them


@dataclass(frozen=True)
class ARDVAEConv(ARDOfArrays):
    """ARD-VAE with the networks of Saha et al. 2025 for MNIST.

    They are those of the released ae_model_MNIST.py (6312ffc). The encoder has four convolutions of
    4 × 4 and stride 2, with 64, 128, 256 and 512 channels and batch normalisation, then one dense
    layer to means and log-variances. The decoder has a dense layer and four transposed convolutions
    with 256, 128, 64 and 1 channels, and ends in a sigmoid. Images are padded to 32 × 32, and
    decoded images are cropped to 28 × 28.

    Args:
        width: channels of the first convolution.
    """

    width: float = 64
    takes: ClassVar[Shapes] = {"images": (28, 28, 1)}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        width = int(self.width)
        # Channels double where height and width are halved.
        widths = [factor * width for factor in (1, 2, 4, 8)]
        encoder = Halves(_encoder(widths, 2 * latents))
        decoder = _decoder(widths[::-1], latents)
        return {GROUP: AutoEncoder(encoder, decoder)}

    def check(self) -> None:
        if self.width < 1 or self.width != int(self.width):
            raise ValueError(
                f"ard_vae_conv: width must be a whole number of channels, 1 or more, "
                f"not {self.width}"
            )


def _encoder(widths: list[int], outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.ZeroPad2d(PADDING)]
    for before, after in itertools.pairwise([1, *widths]):
        layers.append(nn.Conv2d(before, after, *HALVING))
        layers += _normalised(after)
    heads = nn.Linear(widths[-1] * CORNER**2, outputs)
    return nn.Sequential(*layers, nn.Flatten(), heads)


def _decoder(widths: list[int], latents: int) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Linear(latents, widths[0] * CORNER**2),
        nn.Unflatten(1, (widths[0], CORNER, CORNER)),
    ]
    for before, after in itertools.pairwise(widths):
        layers.append(nn.ConvTranspose2d(before, after, *HALVING))
        layers += _normalised(after)
    last = nn.ConvTranspose2d(widths[-1], 1, *HALVING)
    crop = nn.ZeroPad2d(-PADDING)
    return nn.Sequential(*layers, last, nn.Sigmoid(), crop)


def _normalised(channels: int) -> tuple[nn.Module, nn.Module]:
    """Return batch normalisation with the defaults of Keras, and ReLU.

    Keras' momentum of 0.99 is torch's 0.01.
    """
    norm = nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
    return norm, nn.ReLU()
