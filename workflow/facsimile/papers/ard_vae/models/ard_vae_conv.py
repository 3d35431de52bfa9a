"""ARD-VAE of small grey images, with the convolutions that its authors use for MNIST."""

import itertools
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from facsimile.models.base.arrays import Shapes
from facsimile.models.base.networks import AutoEncoder
from facsimile.papers.ard_vae.models._ard import GROUP, ARDOfArrays, Halves

STEP_SECONDS = {"1": 0.909}  # float32, batch of 100, 64 channels
PADDING = 2  # to 32 × 32, which four halvings make 2 × 2
CORNER = 2


@dataclass(frozen=True)
class ARDVAEConv(ARDOfArrays):
    """Saha et al. 2025 on MNIST: four convolutions of 4 × 4 and stride 2 each way, batch normalisation, sigmoid at the end.

    The released ae_model_MNIST.py (6312ffc): 64, 128, 256, 512 channels, then one dense layer to means and log-variances;
    back by a dense layer and 256, 128, 64, 1 channels. Images are padded to 32 × 32 and what is decoded is cut to 28 × 28.

    width: channels of the first convolution.
    """

    width: float = 64
    takes: ClassVar[Shapes] = {"images": (28, 28, 1)}

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        widths = [int(self.width) * 2**i for i in range(4)]
        return {
            GROUP: AutoEncoder(
                Halves(_encoder(widths, 2 * latents)), _decoder(widths[::-1], latents)
            )
        }

    def check(self) -> None:
        if self.width < 1 or self.width != int(self.width):
            raise ValueError(
                f"ard_vae_conv: width is a number of channels, 1 or more, not {self.width}"
            )


def _encoder(widths: list[int], outputs: int) -> nn.Sequential:
    pairs = itertools.pairwise([1, *widths])
    layers = [layer for a, b in pairs for layer in (nn.Conv2d(a, b, 4, 2, 1), *_normalised(b))]
    return nn.Sequential(
        nn.ZeroPad2d(PADDING), *layers, nn.Flatten(), nn.Linear(widths[-1] * CORNER**2, outputs)
    )


def _decoder(widths: list[int], latents: int) -> nn.Sequential:
    first = [
        nn.Linear(latents, widths[0] * CORNER**2),
        nn.Unflatten(1, (widths[0], CORNER, CORNER)),
    ]
    pairs = itertools.pairwise(widths)
    layers = [
        layer for a, b in pairs for layer in (nn.ConvTranspose2d(a, b, 4, 2, 1), *_normalised(b))
    ]
    return nn.Sequential(
        *first,
        *layers,
        nn.ConvTranspose2d(widths[-1], 1, 4, 2, 1),
        nn.Sigmoid(),
        nn.ZeroPad2d(-PADDING),
    )


def _normalised(channels: int) -> tuple[nn.Module, nn.Module]:
    """With Keras' defaults; its momentum of 0.99 is torch's 0.01."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01), nn.ReLU()
