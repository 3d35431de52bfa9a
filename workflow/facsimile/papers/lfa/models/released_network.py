"""A network that the authors released."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.lfa.datasets.explained_networks import LAYERS
from facsimile.papers.lfa.models import _parameters


@dataclass(frozen=True)
class ReleasedNetwork(NoModel):
    """A network of a data set of networks, which is not trained here.

    Args:
        layers: number of layers: 1, 3, 5 or 8.
    """

    layers: float = 1
    trained: ClassVar[bool] = False
    takes: ClassVar[Shapes] = {"points": (100, 19), "classify": ()}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the network and the points at which it is explained."""
        return _parameters.outputs(
            whole["points"][0],
            whole[f"layers_{self.layers:g}"][0],
            self.layers,
            whole["classify"].item(),
        )

    def check(self) -> None:
        if self.layers not in LAYERS:
            choices = ", ".join(map(str, LAYERS))
            raise ValueError(f"layers must be one of {choices}, not {self.layers:g}")
