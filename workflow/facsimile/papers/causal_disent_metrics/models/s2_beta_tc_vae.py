"""β-TCVAE, with labels of a share of the pictures."""

from dataclasses import dataclass

from facsimile.models.base.vae import VAE
from facsimile.models.beta_tc_vae import BetaTCVAE
from facsimile.papers.causal_disent_metrics.models._s2_vae import S2VAE

LABEL = "S2-β-TCVAE"
PARAMETER_LABELS = {"labelled": "labelled share", "gamma_sup": "γ_sup"}


@dataclass(frozen=True)
class S2BetaTCVAE(S2VAE):
    """The model ``beta_tc_vae`` with the term of S2VAE.

    beta: weight of the total correlation.
    """

    beta: float = 10

    def vae(self) -> VAE:
        return BetaTCVAE(self.beta)
