"""The base class of models whose data are named arrays instead of images.

Example, a complete model in one file ``models/ridge.py``::

    @dataclass(frozen=True)
    class Ridge(ArraysModel):
        '''Linear regression of y on x with a penalty on the squared weights.

        penalty: weight of the squared norm of the weights.
        '''

        penalty: float
        takes: ClassVar[Shapes] = {"x": (3,), "y": ()}

        def networks(self, shapes, latents, network):
            return {"linear": nn.Linear(*shapes["x"], 1)}

        def draws(self, batch, latents):
            return {}

        def losses(self, networks, batch, noise, step):
            linear = networks["linear"]
            error = (linear(batch["x"])[:, 0] - batch["y"]).square().mean()
            loss = error + self.penalty * linear.weight.square().sum()
            return Losses({"linear": loss}, detached({"error": error}))

        def infer(self, networks, batch):
            return {"mean": networks["linear"](batch["x"])}

        def learned(self, networks, whole, seed):
            return {"weights": networks["linear"].weight.detach()}
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from facsimile.foundation import discover
from facsimile.models.base import networks as architectures
from facsimile.models.base import optimisers
from facsimile.models.base.adam import AdamSettings, TrainingAdam
from facsimile.models.base.model import Losses, Model
from facsimile.models.base.optimisers import Settings
from facsimile.studies.training import Training

Batch = Mapping[str, Tensor]
Shapes = Mapping[str, tuple[int, ...]]
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class ArraysModel(Model):
    """Base class of models whose batch is a mapping from names of arrays to tensors [b, ...].

    The names are those of the data set's arrays (``datasets/base/arrays.py``). Subclasses must set
    ``takes`` and override ``networks``, ``draws`` and ``losses``; and ``infer``, ``learned`` or
    both, so that there is something to measure. They may override ``initialise``, ``optimisers``,
    ``traces`` and ``decode``.

    ``takes`` maps the name of each array that the model needs to an example of the shape of a row.
    A data set must have these arrays; the shapes of its rows may differ. The contract tests use the
    example shapes.

    A model that sets ``frames`` to 2 or more is trained on neighbouring frames of a data set of
    sequences (``datasets/base/sequences.py``): the tensors of its batch are [b, frames, ...], each
    row a stretch of consecutive frames. ``infer`` and ``learned`` are given single frames.

    The common training loop trains such models one run at a time, in float32 on the CPU: their
    networks are too small to profit from anything else.
    """

    takes: ClassVar[Shapes]
    frames: ClassVar[int] = 1

    @abstractmethod
    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        """Create the networks of one run; ``initialise`` sets their starting values afterwards.

        Args:
            shapes: shape of a row of each array of the data set.
            latents: number of latents.
            network: name of the architecture from the study; ``"own"`` if it leaves it to the
                model.

        Returns:
            Groups of parameters by name. Each group has its own loss and its own optimiser.
        """

    @abstractmethod
    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        """Compute the losses of one batch.

        Args:
            networks: what ``networks`` returned.
            batch: tensors [b, ...] by the names of the arrays; [b, frames, ...] for a model of
                neighbouring frames.
            noise: one tensor for each entry of ``draws``.
            step: number of updates so far, starting from 0.
        """

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set the starting values of all parameters in place; they may depend on the seed only.

        The default is TensorFlow's initialisation of dense layers and convolutions.
        """
        for group, network in networks.items():
            architectures.initialise(network, seed, group)

    def optimisers(self, training: Training) -> Settings | dict[str, Settings]:
        """Choose the optimiser, one for all groups or one for each group by name.

        The default is the optimiser from the study file for all groups.

        Args:
            training: the study's settings of training.
        """
        return optimisers.from_training(training)

    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        """Raise NotImplementedError: models of arrays override ``optimisers`` instead."""
        raise NotImplementedError(
            f"{type(self).__name__} is a model of arrays; call optimisers(training) instead of adam"
        )

    def traces(
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return values to record in the training history besides the terms of the losses.

        They are computed before the update of a step. The default is none.

        Returns:
            Scalars or vectors [k] by name.
        """
        return {}

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return what the trained model infers about each row. The default is nothing.

        Returns:
            Tensors [b, ...] by name. Codes are called ``mean`` and ``log_variance``.
        """
        return {}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return what the trained model infers once per run. The default is nothing.

        Examples are a graph, the parameters of a guide, or samples.

        Args:
            networks: the trained networks.
            whole: all rows of the data set.
            seed: seed of the run, for models that draw samples.

        Returns:
            Tensors of any shape by name; no name may be one of ``infer``.
        """
        return {}


def checked(
    model: ArraysModel,
    data: str,
    shapes: Shapes,
) -> Shapes:
    """Return the shapes if a data set has all arrays that a model takes.

    Args:
        model: the model.
        data: name of the data set, for the error message.
        shapes: shape of a row of each array of the data set.

    Raises:
        UnknownName: an array is missing; the message names the first one.
    """
    for name in model.takes:
        if name not in shapes:
            raise discover.UnknownName(
                f"array of {data}, which {type(model).__name__} takes:", name, list(shapes)
            )
    return shapes


def tensors(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, Tensor]:
    """Convert arrays [b, ...] to tensors.

    Images, uint8 [..., h, w, c], become float32 [..., c, h, w] in [0, 1]. Other arrays keep their
    shape and dtype.
    """
    return {name: _tensor(values) for name, values in arrays.items()}


def _tensor(values: npt.NDArray[Any]) -> Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    if values.dtype != np.uint8:
        return tensor
    channels_first = tensor.movedim(-1, -3)
    return channels_first.to(torch.float32).div_(255)


def optimisers_of(
    model: ArraysModel,
    training: Training,
    networks: Mapping[str, nn.Module],
) -> dict[str, optimisers.Optimiser]:
    """Create one optimiser per group of parameters."""
    settings = model.optimisers(training)
    created = {}
    for group, network in networks.items():
        own = settings[group] if isinstance(settings, dict) else settings
        created[group] = optimisers.make(own, network)
    return created


@torch.no_grad()
def traced(
    model: ArraysModel,
    networks: Mapping[str, nn.Module],
    batch: Batch,
) -> dict[str, float]:
    """Return a model's traces as columns of the training history.

    Scalars come first. A vector ``omega`` becomes the columns ``omega_0``, ``omega_1``, ...
    """
    scalars: dict[str, float] = {}
    entries: dict[str, float] = {}
    for name, value in model.traces(networks, batch).items():
        if value.dim() == 0:
            scalars[name] = value.item()
            continue
        for index, entry in enumerate(value.tolist()):
            entries[f"{name}_{index}"] = entry
    return scalars | entries


@torch.no_grad()
def inferred(
    model: ArraysModel,
    networks: Mapping[str, nn.Module],
    whole: Batch,
    seed: int,
    rows: int,
) -> Arrays:
    """Return everything that a trained model infers, per row and once per run, as named arrays.

    Args:
        model: the model.
        networks: its trained networks.
        whole: all rows of the data set.
        seed: seed of the run.
        rows: rows per call of ``infer``, which bounds memory.

    Raises:
        ValueError: ``infer`` and ``learned`` return the same name.
    """
    n = len(next(iter(whole.values())))
    blocks = []
    for start in range(0, n, rows):
        block = slice(start, start + rows)
        batch = {name: values[block] for name, values in whole.items()}
        blocks.append(model.infer(networks, batch))
    per_row = {}
    for name in blocks[0]:
        per_row[name] = torch.cat([values[name] for values in blocks])
    per_run = model.learned(networks, whole, seed)
    shared = sorted(per_row.keys() & per_run.keys())
    if shared:
        raise ValueError(
            f"{type(model).__name__}: infer and learned both return {', '.join(shared)}; rename one"
        )
    everything = per_row | per_run
    return {name: value.numpy() for name, value in everything.items()}
