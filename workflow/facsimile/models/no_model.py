"""No model: a row for metrics of the data set itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses


@dataclass(frozen=True)
class NoModel(ArraysModel):
    """Trains nothing and infers nothing, for any data set.

    Metrics that need only the data are computed on its one run.
    """

    trained: ClassVar[bool] = False
    takes: ClassVar[Shapes] = {}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        return {}

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        return Losses({}, {})
