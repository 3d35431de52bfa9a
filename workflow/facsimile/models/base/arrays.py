"""A model of named arrays instead of images: other inputs, networks, optimisers, and whatever it infers, stored by name."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from facsimile.foundation import discover
from facsimile.models.base import networks, optimisers
from facsimile.models.base.adam import AdamSettings, TrainingAdam
from facsimile.models.base.model import Losses, Model
from facsimile.models.base.optimisers import Settings
from facsimile.studies.training import Training

Batch = Mapping[str, Tensor]
Shapes = Mapping[str, tuple[int, ...]]
Found = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class ArraysModel(Model):
    """A model whose batch is a mapping of tensors [b, ...] by the names of its data set's arrays (``datasets/_arrays.py``).

    It is trained by the loop of all models, one run at a time, in float32 on the processor: such networks are too small for
    anything else to pay. ``takes`` names the arrays that it needs, each with the shape of a row in an example: what a data set
    must have, and what the contract test tries it on.
    """

    takes: ClassVar[Shapes]

    @abstractmethod
    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        """The groups of parameters, for arrays with rows of these shapes."""

    @abstractmethod
    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        """Losses of one batch at a step (from 0)."""

    def initialise(self, made: Mapping[str, nn.Module], seed: int) -> None:
        """Starting values, of the seed alone; as TensorFlow initialises dense layers, unless a model overrides it."""
        for group, network in made.items():
            networks.initialise(network, seed, group)

    def optimisers(self, training: Training) -> Settings | dict[str, Settings]:
        """Optimiser of every group, or one for each; the one that the study states, unless a model overrides it."""
        return optimisers.stated(training)

    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        """Not asked: see ``optimisers``."""
        raise NotImplementedError(
            f"{type(self).__name__}: its optimisers are those that optimisers(training) answers"
        )

    def traces(self, networks: Mapping[str, nn.Module], batch: Batch) -> dict[str, Tensor]:
        """What is recorded along training besides the losses, before a step's update: scalars, or vectors [k]."""
        return {}

    def infer(self, networks: Mapping[str, nn.Module], batch: Batch) -> dict[str, Tensor]:  # type: ignore[override]
        """What is inferred of each row, by name: tensors [b, ...]; codes are called ``mean`` and ``log_variance``."""
        return {}

    def learned(
        self, networks: Mapping[str, nn.Module], whole: Batch, seed: int
    ) -> dict[str, Tensor]:
        """What is inferred once a run, by name: a graph, parameters of a guide, samples; ``whole`` is all of the data."""
        return {}


def checked(model: ArraysModel, data: str, shapes: Shapes) -> Shapes:
    """The shapes of a data set that has all the arrays a model takes; raises UnknownName for the first that it lacks."""
    for name in model.takes:
        if name not in shapes:
            raise discover.UnknownName(
                f"array of {data}, which {type(model).__name__} takes:", name, list(shapes)
            )
    return shapes


def tensors(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, Tensor]:
    """Arrays [b, ...] as tensors: images (uint8 [b, h, w, c]) as float32 [b, c, h, w] in [0, 1], others as they are."""
    return {name: _tensor(values) for name, values in arrays.items()}


def _tensor(values: npt.NDArray[Any]) -> Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    return (
        tensor.permute(0, 3, 1, 2).to(torch.float32).div_(255)
        if values.dtype == np.uint8
        else tensor
    )


def optimisers_of(
    model: ArraysModel, training: Training, made: Mapping[str, nn.Module]
) -> dict[str, optimisers.Optimiser]:
    """An optimiser a group."""
    settings = model.optimisers(training)
    return {
        g: optimisers.make(settings[g] if isinstance(settings, dict) else settings, net)
        for g, net in made.items()
    }


@torch.no_grad()
def traced(model: ArraysModel, made: Mapping[str, nn.Module], batch: Batch) -> dict[str, float]:
    """A model's traces as columns of the history: a vector ``omega`` is ``omega_0``, ``omega_1``, …"""
    found = model.traces(made, batch)
    scalars = {name: value.item() for name, value in found.items() if value.dim() == 0}
    return scalars | {
        f"{name}_{j}": v
        for name, value in found.items()
        if value.dim()
        for j, v in enumerate(value.tolist())
    }


@torch.no_grad()
def inferred(
    model: ArraysModel, made: Mapping[str, nn.Module], whole: Batch, seed: int, rows: int
) -> Found:
    """All that a trained model infers, of each row (in blocks of ``rows``) and once, as arrays by name."""
    n = len(next(iter(whole.values())))
    parts = [
        model.infer(made, {name: v[i : i + rows] for name, v in whole.items()})
        for i in range(0, n, rows)
    ]
    each = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    once = model.learned(made, whole, seed)
    if twice := each.keys() & once.keys():
        raise ValueError(
            f"{type(model).__name__}: {', '.join(sorted(twice))}: both of each row and once a run; rename one"
        )
    return {name: value.numpy() for name, value in (each | once).items()}
