"""β-VAE: the KL has the weight β."""

from dataclasses import dataclass

from torch import Tensor

from facsimile.models.base.vae import VAE, Posterior

LABEL = "β-VAE"


@dataclass(frozen=True)
class BetaVAE(VAE):
    """β-VAE (Higgins et al. 2017, "beta-VAE: Learning basic visual concepts …", eq. 4).

    Args:
        beta: weight of the KL, where the reconstruction is summed over pixels; 1 is the VAE.
    """

    beta: float

    def regularizer(
        self,
        q: Posterior,
        step: Tensor | int,
    ) -> Tensor:
        return self.beta * q.kl
