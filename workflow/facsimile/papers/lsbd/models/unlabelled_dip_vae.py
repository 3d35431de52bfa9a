"""DIP-VAE-I of the pictures of pairs, without their labels."""

from dataclasses import dataclass

from facsimile.models.base.vae import VAE
from facsimile.models.dip_vae_i import DIPVAEI
from facsimile.papers.lsbd.models._unlabelled import Unlabelled

LABEL = "DIP-VAE-I"
STEP_SECONDS = {"1": 0.004}  # batches of 100 images of 16 × 16 pixels


@dataclass(frozen=True)
class UnlabelledDIPVAE(Unlabelled):
    """DIP-VAE-I (Kumar et al. 2018), the model ``dip_vae_i`` on arrays.

    lambda_od: weight of the squared covariances off the diagonal.
    lambda_d_factor: weight of the squared distances of variances from 1, over ``lambda_od``.
    """

    lambda_od: float
    lambda_d_factor: float

    def vae(self) -> VAE:
        return DIPVAEI(self.lambda_od, self.lambda_d_factor)
