"""VAE and β-VAE of single cells, whose prior ignores interventions."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from facsimile.models.base.arrays import Shapes
from facsimile.papers.svae.models._cell import CellModel

STEP_SECONDS = {"1": 0.0045}


@dataclass(frozen=True)
class CellVAE(CellModel):
    """z ~ N(0, 1): the VAE of Lopez et al. (2023), and with beta above 1 their β-VAE."""

    def prior_shapes(self, latents: int) -> Shapes:
        return {}

    def prior_mean(
        self,
        prior: Mapping[str, Tensor],
        intervention: Tensor,
        noise: Mapping[str, Tensor],
    ) -> float:
        return 0.0
