"""ARD-VAE with a linear encoder and decoder, for data whose rank is known."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from facsimile.models.base.arrays import Shapes
from facsimile.models.base.networks import AutoEncoder
from facsimile.papers.ard_vae.models._ard import GROUP, ARDOfArrays, Halves


@dataclass(frozen=True)
class ARDVAELinear(ARDOfArrays):
    """The objective of Saha et al. 2025 with dense layers alone: of Gaussian data of rank r, r axes must stay relevant.

    An axis is kept where the data vary by more than β/2, the variance of the decoder that the objective implies.
    """

    takes: ClassVar[Shapes] = {"x": (20,)}

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        [width] = shapes["x"]
        return {
            GROUP: AutoEncoder(Halves(nn.Linear(width, 2 * latents)), nn.Linear(latents, width))
        }
