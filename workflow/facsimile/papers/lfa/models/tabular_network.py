"""Linear and dense networks for tables, trained as the authors trained theirs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from facsimile.datasets.base.table import TEST
from facsimile.models.base import mlp
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.optimisers import SGDSettings
from facsimile.papers.lfa.functions import widths
from facsimile.papers.lfa.models import _parameters
from facsimile.studies.training import Training

GROUP = "network"
EXPLAINED = 100  # points: the first rows for test


@dataclass(frozen=True)
class TabularNetwork(ArraysModel):
    """Minimises a squared error, with tanh, or a cross entropy, with ReLU.

    Han et al. 2022, "Which explanation should I choose?", networks of the released code: hidden
    layers of 8 units, gradient descent without momentum.

    Args:
        layers: number of linear layers; 1 is a linear or logistic regression.
        lr: learning rate of the first step.
        period: steps after which the learning rate has fallen to 0 along half a cosine; it rises
            again afterwards.
        classify: 1 if the target is 0 or 1, otherwise 0.
    """

    layers: float
    lr: float
    period: float
    classify: float = 0
    takes: ClassVar[Shapes] = {"x": (19,), "y": (), "part": ()}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [features] = shapes["x"]
        activation = nn.ReLU if self.classify else nn.Tanh
        return {GROUP: mlp.mlp(widths(features, int(self.layers)), activation)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Use PyTorch's starting values, as the released code does."""
        mlp.initialise(networks[GROUP], seed, GROUP)

    def optimisers(self, training: Training) -> SGDSettings:
        """Gradient descent; the study's learning rate is not used."""
        return SGDSettings(self.lr)

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
        output = networks[GROUP](batch["x"])[:, 0]
        if self.classify:
            error = functional.binary_cross_entropy_with_logits(output, batch["y"])
        else:
            error = functional.mse_loss(output, batch["y"])
        # Without momentum, a factor of the loss is one of the learning rate.
        factor = (1 + math.cos(math.pi * int(step) / self.period)) / 2
        return Losses({GROUP: factor * error}, detached({"error": error}))

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the network, the points at which it is explained, and its predictions."""
        network = networks[GROUP]
        is_test = whole["part"].long() == TEST
        rows = whole["x"][is_test]
        predictions = network(rows)[:, 0].detach()
        if self.classify:
            predictions = predictions.sigmoid()
        stored = _parameters.outputs(
            rows[:EXPLAINED],
            _parameters.flattened(network),
            self.layers,
            self.classify,
            seed,
        )
        return stored | {"predictions": predictions, "targets": whole["y"][is_test]}

    def check(self) -> None:
        if self.layers < 1 or self.layers != int(self.layers):
            raise ValueError(f"layers must be a whole number from 1, not {self.layers:g}")
        if self.classify not in (0, 1):
            raise ValueError(f"classify must be 0 or 1, not {self.classify:g}")
        if not self.lr > 0:
            raise ValueError(f"lr must be above 0, not {self.lr:g}")
        if not self.period > 0:
            raise ValueError(f"period must be above 0, not {self.period:g}")
