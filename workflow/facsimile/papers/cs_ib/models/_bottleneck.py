"""Regression through a bottleneck: what the methods of the comparison share.

The network is that of the released code: an encoder of two hidden layers of 128 units and a linear
layer, a linear layer for the mean of the code, and a decoder of one hidden layer of 128 units.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.datasets.base.table import TRAINING
from facsimile.models.base import mlp
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.cs_ib.models import _kernels

WIDTH = 128
BATCH = 128  # rows on which the information about x is estimated
GROUP = "network"


class Network(nn.Module):
    """Encoder, mean of the code, and decoder.

    Args:
        inputs: number of inputs.
        latents: dimensions of the code.
        noise: what the code's noise needs: ``none``; ``rows``, a linear layer for its logarithmic
            variance; or ``one``, one logarithmic variance for all rows and dimensions.
    """

    def __init__(
        self,
        inputs: int,
        latents: int,
        noise: str,
    ) -> None:
        super().__init__()
        self.encoder = mlp.mlp([inputs, WIDTH, WIDTH, latents])
        self.mean = nn.Linear(latents, latents)
        self.decoder = mlp.mlp([latents, WIDTH, 1])
        if noise == "rows":
            self.log_variance = nn.Linear(latents, latents)
        if noise == "one":
            self.log_variance_of_all = nn.Parameter(torch.tensor(-1.0))

    def codes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last features and the mean codes, [b, latents] each, of inputs [b, d]."""
        features = self.encoder(x)
        return features, self.mean(features)

    def predict(self, codes: Tensor) -> Tensor:
        """Return predictions [b] of codes [b, latents]."""
        predictions: Tensor = self.decoder(codes)[:, 0]
        return predictions


@dataclass(frozen=True)
class Bottleneck(ArraysModel):
    """Minimises an error of prediction plus beta times the information that the code has about x.

    Subclasses override ``parts``, and ``noise`` if they add noise to codes.

    Args:
        beta: weight of the information.
    """

    beta: float
    takes: ClassVar[Shapes] = {"x": (8,), "y": (), "part": ()}
    noise: ClassVar[str] = "none"

    @abstractmethod
    def parts(
        self,
        network: Network,
        batch: Batch,
        noise: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the parts of the loss.

        Args:
            network: the network.
            batch: tensors by name.
            noise: standard normals ``code`` [b, latents], if the method adds noise.

        Returns:
            The error and the information, scalars, and the predictions [b].
        """

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [inputs] = shapes["x"]
        return {GROUP: Network(inputs, latents, self.noise)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Use PyTorch's starting values, as the released code does."""
        mlp.initialise(networks[GROUP], seed, GROUP)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        if self.noise == "none":
            return {}
        return {"code": Draw("normal", (batch, latents))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        error, information, predicted = self.parts(network_of(networks), batch, noise)
        loss = error + self.beta * information
        terms = {
            "error": error,
            "information": information,
            "squared_error": squared_error(batch["y"], predicted),
        }
        return Losses({GROUP: loss}, detached(terms))

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return the ``prediction`` of each row, from its mean code."""
        network = network_of(networks)
        _, means = network.codes(batch["x"])
        return {"prediction": network.predict(means)}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``information``: I(x; t) of each whole batch of training rows, in their order.

        It is measured alike for all methods, by normalised kernels and at the mean codes.
        """
        network = network_of(networks)
        x = whole["x"][whole["part"].long() == TRAINING]
        batches = x.split(BATCH)
        if len(batches) > 1:
            batches = tuple(part for part in batches if len(part) == BATCH)
        values = []
        for part in batches:
            _, means = network.codes(part)
            values.append(_kernels.normalised_information(part, means))
        return {"information": torch.stack(values)}

    def check(self) -> None:
        if not self.beta >= 0:
            raise ValueError(f"beta must be 0 or more, not {self.beta:g}")


def network_of(networks: Mapping[str, nn.Module]) -> Network:
    """Return the network of a run."""
    network = networks[GROUP]
    assert isinstance(network, Network)
    return network


def squared_error(y: Tensor, predicted: Tensor) -> Tensor:
    """Return the mean squared error of predictions [b]."""
    return (y - predicted).square().mean()
