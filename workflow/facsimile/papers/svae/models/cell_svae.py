"""sVAE of single cells: a learned mask determines which latents an intervention shifts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from facsimile.models.base.arrays import Shapes
from facsimile.models.base.model import Draw
from facsimile.papers.svae.models._cell import CellModel

STEP_SECONDS = {"1": 0.0062}


@dataclass(frozen=True)
class CellSVAE(CellModel):
    """z ~ N(γ_a ∘ μ_a, 1), with γ_a ~ Bernoulli(σ(l_a)) drawn for each cell.

    The draws have straight-through gradients. This is the sparse VAE of Lachapelle et al. (2022) in
    Lopez et al. (2023), whose loss includes the mean probability of a target.

    Args:
        sparsity: weight of the mean probability of a target.
    """

    sparsity: float = 10
    starts: ClassVar[Mapping[str, float]] = {
        **CellModel.starts,
        "mask": 5,  # a probability of 0.993
    }

    def prior_shapes(self, latents: int) -> Shapes:
        shape = (int(self.interventions), latents)
        return {"shifts": shape, "mask": shape}

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        mask = Draw("normal", (batch, latents))
        return {**super().draws(batch, latents), "mask": mask}

    def prior_mean(
        self,
        prior: Mapping[str, Tensor],
        intervention: Tensor,
        noise: Mapping[str, Tensor],
    ) -> Tensor:
        shifts = prior["shifts"][intervention]
        logits = prior["mask"][intervention]
        return shifts * straight_through(logits, noise["mask"])

    def penalty(self, prior: Mapping[str, Tensor]) -> Tensor:
        probabilities = prior["mask"].sigmoid()
        return self.sparsity * probabilities.mean()

    def shifts_and_targets(self, prior: Mapping[str, Tensor]) -> dict[str, Tensor]:
        shifts = prior["shifts"].detach()
        targets = prior["mask"].detach().sigmoid()
        return {"shifts": shifts, "targets": targets}


def straight_through(logits: Tensor, noise: Tensor) -> Tensor:
    """Sample 0 or 1 with probability σ(logits) of 1.

    The gradient is that of a relaxed sample at temperature 1.

    Args:
        logits: of any shape.
        noise: standard normals of the same shape.
    """
    uniform = torch.special.ndtr(noise)
    uniform = uniform.clamp(1e-7, 1 - 1e-7)  # so that its logit is finite
    soft = (logits + uniform.logit()).sigmoid()
    hard = (soft > 0.5).to(soft.dtype)
    # The value is the hard sample, the gradient that of the soft one.
    return hard - soft.detach() + soft
