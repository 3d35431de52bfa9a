"""sVAE of single cells: a learned mask says which latents an intervention shifts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from facsimile.models.base.arrays import Shapes
from facsimile.models.base.model import Draw
from facsimile.papers.svae.models._cell import CellModel

STEP_SECONDS = {"1": 0.00769}


@dataclass(frozen=True)
class CellSVAE(CellModel):
    """z ~ N(γ_a ∘ μ_a, 1), γ_a ~ Bernoulli(σ(l_a)) drawn for each cell, differentiated straight through.

    The sparse VAE of Lachapelle et al. (2022) in Lopez et al. (2023), whose loss has the mean probability of a target.

    sparsity: weight of that mean.
    """

    sparsity: float = 10
    starts: ClassVar[Mapping[str, float]] = {
        **CellModel.starts,
        "mask": 5,
    }  # a probability of 0.993

    def prior_shapes(self, latents: int) -> Shapes:
        return {
            "shifts": (int(self.interventions), latents),
            "mask": (int(self.interventions), latents),
        }

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return {**super().draws(batch, latents), "mask": Draw("normal", (batch, latents))}

    def prior_mean(
        self, prior: Mapping[str, Tensor], intervention: Tensor, noise: Mapping[str, Tensor]
    ) -> Tensor:
        return prior["shifts"][intervention] * straight_through(
            prior["mask"][intervention], noise["mask"]
        )

    def penalty(self, prior: Mapping[str, Tensor]) -> Tensor:
        return self.sparsity * prior["mask"].sigmoid().mean()

    def found(self, prior: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {"shifts": prior["shifts"].detach(), "targets": prior["mask"].detach().sigmoid()}


def straight_through(logits: Tensor, noise: Tensor) -> Tensor:
    """Draws, 0 or 1, with the gradient of a relaxed draw at temperature 1; ``noise`` is standard normal."""
    uniform = torch.special.ndtr(noise).clamp(1e-7, 1 - 1e-7)
    soft = (logits + uniform.logit()).sigmoid()
    return (soft > 0.5).to(soft.dtype) - soft.detach() + soft
