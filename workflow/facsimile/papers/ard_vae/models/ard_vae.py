"""ARD-VAE of images: the variances of the prior are those of the codes."""

from dataclasses import dataclass

from torch import Tensor

from facsimile.models.base.vae import VAE, Posterior
from facsimile.papers.ard_vae.models._ard import divergence

LABEL = "ARD-VAE"
STEP_SECONDS = {"1": 0.089}


@dataclass(frozen=True)
class ARDVAE(VAE):
    """ARD-VAE (Saha, Joshi and Whitaker 2025): a β-VAE whose prior shrinks unused latents.

    The prior is N(0, v_j) with v_j = E[z_j²]; ``_ard.py`` describes how v is estimated. The
    likelihood is Bernoulli, as in the released code for dSprites.

    Args:
        beta: weight of the KL to the prior whose variances are those of the codes.
    """

    beta: float

    def regularizer(
        self,
        q: Posterior,
        step: Tensor | int,
    ) -> Tensor:
        return self.beta * divergence(q.mean, q.log_variance)
