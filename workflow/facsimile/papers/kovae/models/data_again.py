"""The data set's own series in place of generated ones: what a perfect model would score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel

LABEL = "Data themselves"


@dataclass(frozen=True)
class DataAgain(NoModel):
    """As many series as the data set has, drawn from it with replacement."""

    takes: ClassVar[Shapes] = {"x": (6, 2)}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``generated``, of the shape of ``x``."""
        x = whole["x"]
        seeds, steps = torch.tensor([seed]), torch.tensor([0])
        chosen = rng.indices(seeds, steps, "generate: rows", len(x), len(x))[0, 0]
        return {"generated": x[chosen]}
