"""DIP-VAE-II: the covariance of the aggregate posterior is pushed towards the identity."""

from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models._dip import DIPVAE
from facsimile.models.base.vae import Posterior, covariance

PARAMETER_LABELS = {"lambda_d_factor": "λ_d/λ_od"}
LABEL = "DIP-VAE-II"


@dataclass(frozen=True)
class DIPVAEII(DIPVAE):
    """DIP-VAE-II (Kumar et al. 2018, eq. 7).

    The regulariser is the KL plus the distance of Cov[μ(x)] + E[Σ(x)] from the identity, with
    λ_d = λ_od.
    """

    def regularizer(
        self,
        q: Posterior,
        step: Tensor | int,
    ) -> Tensor:
        # The aggregate posterior varies within each posterior and between their means.
        within = torch.diag_embed(q.log_variance.exp().mean(0))
        return q.kl + self.distance(within + covariance(q.mean))
