"""β-VAE of the pictures of pairs, without their labels."""

from dataclasses import dataclass

from facsimile.models.base.vae import VAE
from facsimile.models.beta_vae import BetaVAE
from facsimile.papers.lsbd.models._unlabelled import Unlabelled

LABEL = "β-VAE"
STEP_SECONDS = {"1": 0.004}  # batches of 100 images of 16 × 16 pixels


@dataclass(frozen=True)
class UnlabelledBetaVAE(Unlabelled):
    """β-VAE (Higgins et al. 2017), the model ``beta_vae`` on arrays.

    beta: weight of the KL; 1 is the VAE.
    """

    beta: float

    def vae(self) -> VAE:
        return BetaVAE(self.beta)
