"""FactorVAE of the pictures of pairs, without their labels."""

from dataclasses import dataclass

from facsimile.models.base.vae import VAE
from facsimile.models.factor_vae import FactorVAE
from facsimile.papers.lsbd.models._unlabelled import Unlabelled

LABEL = "FactorVAE"
STEP_SECONDS = {"1": 0.008}  # batches of 100 images of 16 × 16 pixels


@dataclass(frozen=True)
class UnlabelledFactorVAE(Unlabelled):
    """FactorVAE (Kim and Mnih 2018), the model ``factor_vae`` on arrays.

    gamma: weight of the total correlation.
    """

    gamma: float

    def vae(self) -> VAE:
        return FactorVAE(self.gamma)
