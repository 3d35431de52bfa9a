"""iVAE of single cells: every intervention shifts all latents."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models.base.arrays import Shapes
from facsimile.papers.svae.models._cell import CellModel

STEP_SECONDS = {"1": 0.0062}
LARGEST = 2  # shifts of an intervention that count as its targets, as in the authors' demo.py


@dataclass(frozen=True)
class CellIVAE(CellModel):
    """z ~ N(μ_a, 1), with a free vector μ_a for each intervention.

    Lopez et al. 2023, after Khemakhem et al. 2020. In the authors' code it has the mask of sVAE
    without a penalty, which starts at 0.993 and stays near that value; here it has no mask. The
    targets of an intervention are the two latents with the largest shifts.
    """

    def prior_shapes(self, latents: int) -> Shapes:
        return {"shifts": (int(self.interventions), latents)}

    def prior_mean(
        self,
        prior: Mapping[str, Tensor],
        intervention: Tensor,
        noise: Mapping[str, Tensor],
    ) -> Tensor:
        return prior["shifts"][intervention]

    def shifts_and_targets(self, prior: Mapping[str, Tensor]) -> dict[str, Tensor]:
        shifts = prior["shifts"].detach()
        count = min(LARGEST, shifts.shape[1])
        largest = shifts.abs().topk(count, dim=1).indices
        # Here a target is certain: its probability is 0 or 1.
        targets = torch.zeros_like(shifts).scatter(1, largest, 1.0)
        return {"shifts": shifts, "targets": targets}
