"""DIP-VAE-I, with labels of a share of the pictures."""

from dataclasses import dataclass

from facsimile.models.base.vae import VAE
from facsimile.models.dip_vae_i import DIPVAEI
from facsimile.papers.causal_disent_metrics.models._s2_vae import S2VAE

LABEL = "S2-DIP-VAE-I"
PARAMETER_LABELS = {
    "labelled": "labelled share",
    "gamma_sup": "γ_sup",
    "lambda_d_factor": "λ_d/λ_od",
}


@dataclass(frozen=True)
class S2DIPVAEI(S2VAE):
    """The model ``dip_vae_i`` with the term of S2VAE.

    lambda_od: weight of the squared covariances off the diagonal.
    lambda_d_factor: weight of the squared distances of variances from 1, over ``lambda_od``.
    """

    lambda_od: float = 10
    lambda_d_factor: float = 10

    def vae(self) -> VAE:
        return DIPVAEI(self.lambda_od, self.lambda_d_factor)
