"""ARD-VAE with a linear encoder and decoder, for data whose rank is known."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from facsimile.models.base.arrays import Shapes
from facsimile.models.base.networks import AutoEncoder
from facsimile.papers.ard_vae.models._ard import GROUP, ARDOfArrays, Halves

STEP_SECONDS = {"1": 7.5e-4}


@dataclass(frozen=True)
class ARDVAELinear(ARDOfArrays):
    """ARD-VAE (Saha et al. 2025) with dense layers only.

    For Gaussian data of rank r, r latents must stay relevant. A latent is kept if the variance of
    the data along it exceeds β/2, which is the variance of the decoder that the objective implies.
    """

    takes: ClassVar[Shapes] = {"x": (20,)}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [width] = shapes["x"]
        encoder = Halves(nn.Linear(width, 2 * latents))
        return {GROUP: AutoEncoder(encoder, nn.Linear(latents, width))}
