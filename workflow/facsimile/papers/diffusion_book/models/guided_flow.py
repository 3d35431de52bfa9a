"""The law that classifier-free guidance samples in one dimension."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.diffusion_book import tilted

LABEL = "Guidance"
QUANTILES = 1000


@dataclass(frozen=True)
class GuidedFlow(NoModel):
    """Probability flow of classifier-free guidance with exact scores.

    Lai et al. 2025, "The principles of diffusion models"; Ho & Salimans 2022, eq. 6.

    Args:
        weight: w; 0 samples the class as it is.
    """

    weight: float
    takes: ClassVar[Shapes] = {"x": (2,), "label": ()}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the ``quantiles`` [1000] of the samples' law, at shares (i + 1/2) / 1000."""
        shares = (np.arange(QUANTILES) + 0.5) / QUANTILES
        return {
            "quantiles": torch.from_numpy(
                tilted.flow(
                    shares,
                    self.weight,
                )
            )
        }

    def check(self) -> None:
        if not self.weight >= 0:
            raise ValueError(f"weight must be 0 or more, not {self.weight:g}")
