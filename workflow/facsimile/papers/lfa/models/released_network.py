"""A network that the authors released."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.lfa.datasets.explained_networks import LAYERS
from facsimile.papers.lfa.functions import DenseNetwork
from facsimile.papers.lfa.models import _parameters


@dataclass(frozen=True)
class ReleasedNetwork(NoModel):
    """A network of a data set of networks, which is not trained here.

    The seed of a run is that of the perturbations of its points.

    Args:
        layers: number of layers: 1, 3, 5 or 8.
    """

    layers: float = 1
    trained: ClassVar[bool] = False
    takes: ClassVar[Shapes] = {
        "points": (100, 19),
        "test_x": (588, 19),
        "test_y": (588,),
        "classify": (),
    }

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the network, the points at which it is explained, and its predictions."""
        parameters = whole[f"layers_{self.layers:g}"][0]
        classify = whole["classify"].item()
        rows = whole["test_x"][0].double().numpy()
        function = DenseNetwork(
            rows.shape[1],
            int(self.layers),
            parameters.double().numpy(),
            bool(classify),
        )
        predictions = torch.from_numpy(function.values(rows)).float()
        stored = _parameters.outputs(
            whole["points"][0],
            parameters,
            self.layers,
            classify,
            seed,
        )
        return stored | {"predictions": predictions, "targets": whole["test_y"][0]}

    def check(self) -> None:
        if self.layers not in LAYERS:
            choices = ", ".join(map(str, LAYERS))
            raise ValueError(f"layers must be one of {choices}, not {self.layers:g}")
