"""AnnealedVAE: the KL is held to a capacity that grows."""

from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models._vae import VAE, Posterior


@dataclass(frozen=True)
class AnnealedVAE(VAE):
    """VAE of controlled capacity (Burgess et al. 2018, "Understanding disentangling in β-VAE", eq. 8): γ·|KL − C(t)|.

    c_max: capacity at the end of the schedule, in nats.
    gamma: weight of the distance from the capacity.
    iteration_threshold: step from which the capacity is c_max; before, it grows linearly from 0.
    """

    c_max: float
    gamma: float
    iteration_threshold: float

    def capacity(self, step: Tensor | int) -> Tensor:
        """C(t) = c_max · min(1, t / iteration_threshold), in nats."""
        return self.c_max * torch.as_tensor(step / self.iteration_threshold).clamp(max=1.0)

    def regularizer(self, q: Posterior, step: Tensor | int) -> Tensor:
        return self.gamma * (q.kl - self.capacity(step)).abs()
