"""The base class of DIP-VAE-I and DIP-VAE-II, which push a covariance towards the identity."""

from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models.base.vae import VAE


@dataclass(frozen=True)
class DIPVAE(VAE):
    """Disentangled inferred prior.

    Kumar et al. 2018, "Variational inference of disentangled latent concepts …". The penalty is a
    sum over the entries of the matrix, as in disentanglement_lib
    (``regularize_diag_off_diag_dip``).

    Args:
        lambda_od: weight of the squared off-diagonal entries of the covariance.
        lambda_d_factor: weight of the squared distance of its diagonal from one, over lambda_od.
    """

    lambda_od: float
    lambda_d_factor: float

    def distance(self, matrix: Tensor) -> Tensor:
        """Return λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)² of a covariance [d, d], a scalar."""
        diagonal = torch.diagonal(matrix)
        off_diagonal = matrix - torch.diag_embed(diagonal)
        lambda_d = self.lambda_d_factor * self.lambda_od
        penalty = self.lambda_od * off_diagonal.square().sum()
        return penalty + lambda_d * (diagonal - 1).square().sum()
