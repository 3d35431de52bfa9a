"""β-VAE, with labels of a share of the pictures."""

from dataclasses import dataclass

from facsimile.models.base.vae import VAE
from facsimile.models.beta_vae import BetaVAE
from facsimile.papers.causal_disent_metrics.models._s2_vae import S2VAE

LABEL = "S2-β-VAE"
PARAMETER_LABELS = {"labelled": "labelled share", "gamma_sup": "γ_sup"}


@dataclass(frozen=True)
class S2BetaVAE(S2VAE):
    """The model ``beta_vae`` with the term of S2VAE (``s2_vae`` of the released code).

    beta: weight of the KL.
    """

    beta: float = 10

    def vae(self) -> VAE:
        return BetaVAE(self.beta)
