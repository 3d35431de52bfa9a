"""FactorVAE, with labels of a share of the pictures."""

from dataclasses import dataclass

from facsimile.models.base.vae import VAE
from facsimile.models.factor_vae import FactorVAE
from facsimile.papers.causal_disent_metrics.models._s2_vae import S2VAE

LABEL = "S2-FactorVAE"
PARAMETER_LABELS = {"labelled": "labelled share", "gamma_sup": "γ_sup"}
STEP_SECONDS = {"1": 0.1}  # as of factor_vae


@dataclass(frozen=True)
class S2FactorVAE(S2VAE):
    """The model ``factor_vae`` with the term of S2VAE.

    gamma: weight of the total correlation.
    """

    gamma: float = 4

    def vae(self) -> VAE:
        return FactorVAE(self.gamma)
