"""AnnealedVAE: the KL is kept near a capacity that grows during training."""

from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models.base.vae import VAE, Posterior

LABEL = "AnnealedVAE"
PARAMETER_LABELS = {"c_max": "C_max"}


@dataclass(frozen=True)
class AnnealedVAE(VAE):
    """VAE with controlled capacity increase.

    Burgess et al. 2018, "Understanding disentangling in β-VAE", eq. 8. The regulariser is
    γ·|KL − C(t)|; the KL itself is not added.

    Args:
        c_max: capacity at the end of the schedule, in nats.
        gamma: weight of the distance from the capacity.
        iteration_threshold: step at which the capacity, which grows linearly from 0, is c_max.
    """

    c_max: float
    gamma: float
    iteration_threshold: float

    def check(self) -> None:
        if self.iteration_threshold <= 0:
            raise ValueError(
                "annealed_vae: iteration_threshold must be above 0, not "
                f"{self.iteration_threshold}; use 1 for no annealing"
            )

    def capacity(self, step: Tensor) -> Tensor:
        """Return C(t) = min(c_max, c_max · t / iteration_threshold), in nats."""
        return self.c_max * (step / self.iteration_threshold).clamp(max=1.0)

    def regularizer(
        self,
        q: Posterior,
        step: Tensor | int,
    ) -> Tensor:
        capacity = self.capacity(torch.as_tensor(step).to(q.kl))
        return self.gamma * (q.kl - capacity).abs()
