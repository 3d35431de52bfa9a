"""Optimisers: TensorFlow's Adam (``adam.py``), AdamW (``adamw.py``) and plain gradient descent.

A study chooses Adam or gradient descent; a model may choose any of the three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from facsimile.models.base.adam import MOMENTS, AdamSettings, TFAdam
from facsimile.models.base.adamw import AdamW, AdamWSettings
from facsimile.studies.training import Training


class Optimiser(Protocol):
    """The interface of an optimiser of one group of parameters, as the training loop uses it."""

    def step(self, gradients: Sequence[Tensor]) -> None:
        """Update the parameters.

        Args:
            gradients: one gradient per parameter, in the order of the parameters; not modified.
        """

    def tensors(self) -> dict[str, Tensor]:
        """Return the optimiser's state as named tensors, for a checkpoint."""

    def restore(
        self,
        tensors: Mapping[str, Tensor],
        steps: int,
    ) -> None:
        """Resume from a checkpoint.

        Args:
            tensors: what ``tensors`` returned.
            steps: number of updates at that time.
        """


@dataclass(frozen=True)
class SGDSettings:
    """Settings of gradient descent: θ ← θ − lr · gradient.

    Args:
        lr: learning rate.
    """

    lr: float


Settings = AdamSettings | AdamWSettings | SGDSettings


class SGD:
    """Gradient descent without momentum, and therefore without state."""

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        settings: SGDSettings,
    ) -> None:
        self._parameters = list(parameters)
        self._lr = settings.lr

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """Update the parameters; ``gradients`` has one per parameter, in the same order."""
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.sub_(self._lr * gradient)

    def tensors(self) -> dict[str, Tensor]:
        """Return an empty dictionary."""
        return {}

    def restore(
        self,
        tensors: Mapping[str, Tensor],
        steps: int,
    ) -> None:
        """Check that there is nothing to restore.

        Raises:
            ValueError: the tensors are those of another optimiser.
        """
        if tensors:
            raise ValueError(
                f"{', '.join(sorted(tensors)[:3])}: gradient descent has no such tensors; "
                "restart the run from the beginning"
            )


def from_training(training: Training) -> Settings:
    """Return the settings of the optimiser that a study chose.

    Raises:
        ValueError: the study chose none.
    """
    if training.adam is not None:
        return AdamSettings.of(training.adam)
    if training.sgd is not None:
        return SGDSettings(training.sgd.lr)
    raise ValueError("training has no optimiser; add adam: {lr: …} or sgd: {lr: …}")


def make(settings: Settings, network: nn.Module) -> Optimiser:
    """Create an optimiser of all parameters of a network."""
    parameters = list(network.parameters())
    if isinstance(settings, SGDSettings):
        return SGD(parameters, settings)
    if isinstance(settings, AdamWSettings):
        return AdamW(parameters, settings)
    return TFAdam(parameters, settings)


def moments(optimiser: Optimiser) -> tuple[str, ...]:
    """Return the names of the tensors that a checkpoint holds for each parameter."""
    return () if isinstance(optimiser, SGD) else MOMENTS
