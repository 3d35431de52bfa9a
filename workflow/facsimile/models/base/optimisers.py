"""Optimisers by what a study states: TensorFlow's Adam (``adam.py``), or plain gradient descent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from facsimile.models.base.adam import MOMENTS, AdamSettings, TFAdam
from facsimile.studies.training import Training


class Optimiser(Protocol):
    """What the training loop asks of an optimiser."""

    def step(self, gradients: Sequence[Tensor]) -> None:
        """One update with the given gradients, one a parameter, in their order."""

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold besides the weights."""

    def restore(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        """Go on from what ``tensors`` gave after ``steps`` updates."""


@dataclass(frozen=True)
class SGDSettings:
    """Gradient descent: θ ← θ − lr · gradient."""

    lr: float


Settings = AdamSettings | SGDSettings


class SGD:
    """Plain gradient descent, without momentum: it remembers nothing."""

    def __init__(self, parameters: Sequence[nn.Parameter], settings: SGDSettings) -> None:
        self._parameters, self._lr = list(parameters), settings.lr

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """One update with the given gradients, one a parameter, in their order."""
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.sub_(self._lr * gradient)

    def tensors(self) -> dict[str, Tensor]:
        """Nothing."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        """Nothing to restore; raises ValueError for another optimiser's tensors."""
        if tensors:
            raise ValueError(
                f"{', '.join(sorted(tensors)[:3])}: gradient descent keeps no such tensors; start afresh"
            )


def stated(training: Training) -> Settings:
    """The optimiser that a study states, ``adam`` or ``sgd``."""
    if training.adam is not None:
        return AdamSettings.of(training.adam)
    if training.sgd is not None:
        return SGDSettings(training.sgd.lr)
    raise ValueError("training states no optimiser; give it adam: {lr: …} or sgd: {lr: …}")


def make(settings: Settings, network: nn.Module) -> Optimiser:
    """An optimiser of a network's parameters."""
    parameters = list(network.parameters())
    return (
        SGD(parameters, settings)
        if isinstance(settings, SGDSettings)
        else TFAdam(parameters, settings)
    )


def moments(optimiser: Optimiser) -> tuple[str, ...]:
    """Names of the tensors that a checkpoint holds for each parameter."""
    return () if isinstance(optimiser, SGD) else MOMENTS
