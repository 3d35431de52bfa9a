"""DIP-VAE-I: the covariance of the posterior means is pushed towards the identity."""

from dataclasses import dataclass

from torch import Tensor

from facsimile.models._dip import DIPVAE
from facsimile.models.base.vae import Posterior, covariance

PARAMETER_LABELS = {"lambda_d_factor": "λ_d/λ_od"}
LABEL = "DIP-VAE-I"


@dataclass(frozen=True)
class DIPVAEI(DIPVAE):
    """DIP-VAE-I (Kumar et al. 2018, eq. 6).

    The regulariser is the KL plus the distance of Cov[μ(x)] from the identity, with λ_d = 10 λ_od.
    """

    def regularizer(
        self,
        q: Posterior,
        step: Tensor | int,
    ) -> Tensor:
        return q.kl + self.distance(covariance(q.mean))
