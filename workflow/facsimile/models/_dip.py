"""What DIP-VAE-I and DIP-VAE-II share: a covariance is pulled towards the identity."""

from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models._vae import VAE


@dataclass(frozen=True)
class DIPVAE(VAE):
    """Disentangled inferred prior (Kumar et al. 2018, "Variational inference of disentangled latent concepts …").

    lambda_od: weight of the squared off-diagonal entries of the covariance.
    lambda_d_factor: weight of its squared distance from one on the diagonal, as a multiple of lambda_od.
    """

    lambda_od: float
    lambda_d_factor: float

    def distance(self, matrix: Tensor) -> Tensor:
        """λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)² of a covariance [d, d]; sums, not means (disent's scale differs)."""
        diagonal = torch.diagonal(matrix)
        off_diagonal = matrix.square().sum() - diagonal.square().sum()
        return self.lambda_od * off_diagonal + self.lambda_d_factor * self.lambda_od * (diagonal - 1).square().sum()
