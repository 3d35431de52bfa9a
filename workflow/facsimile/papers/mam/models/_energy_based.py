"""What models of spins that are trained on an energy have in common."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base import mlp, rng
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.papers.mam.models._spins import Conditionals, log_weight

GROUP = "network"


@dataclass(frozen=True)
class EnergyBased(ArraysModel):
    """A distribution of spins that is trained by REINFORCE on log f, without any data.

    Of the data set, training uses ``energy`` alone; its configurations are for evaluation. A step
    draws ``samples`` configurations, whatever the batch size is.

    Args:
        sites: number of sites; that of the data set.
        samples: configurations that are drawn in each step.
        width: units of each hidden layer.
        layers: number of hidden layers.
        evaluated: configurations that are drawn from the trained model and stored.
    """

    sites: float = 9
    samples: float = 8
    width: float = 16
    layers: float = 2
    evaluated: float = 20
    takes: ClassVar[Shapes] = {
        "x": (9,),
        "energy": (2,),
        "query": (9,),
    }

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Sites, width and layers, of which networks are made."""
        return int(self.sites), int(self.width), int(self.layers)

    @abstractmethod
    def parts(self) -> nn.Module:
        """Create the networks that are trained, as one module."""

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [sites] = shapes["x"]
        if sites != self.sites:
            raise ValueError(
                f"the data set has {sites} sites, but the model {self.sites:g}; "
                f"set sites to {sites}"
            )
        return {GROUP: self.parts()}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set PyTorch's starting values of dense layers."""
        mlp.initialise(networks[GROUP], seed, GROUP)

    @abstractmethod
    def conditionals(self, networks: Mapping[str, nn.Module]) -> Conditionals:
        """Return the network of the conditionals."""

    @abstractmethod
    def order(
        self,
        seed: int,
        purpose: str,
        n: int,
    ) -> Tensor:
        """Return an order of the sites, int64 [sites, n], for n configurations."""

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return log-probabilities of the data and of samples of the model.

        ``log_q`` [n] is of the configurations of the data set; ``sample_log_q`` and
        ``sample_log_f`` are of ``evaluated`` samples of the model. As in the released code, a
        model with several orders draws a sample in one order and evaluates it in another.
        """
        conditionals = self.conditionals(networks)
        x = whole["x"]
        sites = int(self.sites)
        n = int(self.evaluated)
        normals = rng.normals_for(seed, 0, "evaluate: spins", (sites, n))
        drawn = conditionals.draw(
            torch.zeros(n, sites),
            self.order(seed, "evaluate: drawn", n),
            normals,
        )
        of_data = self.order(seed, "evaluate: data", len(x))
        of_samples = self.order(seed, "evaluate: samples", n)
        return {
            "log_q": conditionals.along(x, of_data).sum(1),
            "sample_log_q": conditionals.along(drawn, of_samples).sum(1),
            "sample_log_f": log_weight(drawn, whole["energy"][0]),
        }

    def check(self) -> None:
        least = {
            "sites": 4,
            "samples": 2,
            "width": 1,
            "layers": 1,
            "evaluated": 2,
        }
        for name, value in least.items():
            if getattr(self, name) < value:
                raise ValueError(f"{name} must be {value} or more, not {getattr(self, name):g}")
