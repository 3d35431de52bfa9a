"""What a model is: networks, a loss for one batch, and what noise it needs.

Losses are pure functions of (weights, images, noise, step) and of the hyper-parameters. Any of these may be tensors, batched
over runs by ``torch.vmap``, so a loss never branches on a value, draws no random numbers and alters no argument.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from torch import Tensor, nn

from facsimile.models.base.adam import AdamSettings, TrainingAdam


@dataclass(frozen=True)
class Draw:
    """Noise that a step needs, declared beforehand so that the engine draws it from (seed, purpose, step).

    ``normal``: float32 of this shape. ``permutation``: shape (length, n), int64, each column a permutation of range(length).
    """

    kind: Literal["normal", "permutation"]
    shape: tuple[int, ...]


class Losses(NamedTuple):
    """Scalars of one batch: what each group of parameters minimises, by the group's name, and the terms of the history.

    A loss is to be differentiated with respect to its own group alone (``torch.autograd.grad``, never ``backward`` on a sum),
    all groups at the same point: TensorFlow's ``var_list``. The terms are detached.
    """

    minimise: dict[str, Tensor]
    terms: dict[str, Tensor]


@dataclass(frozen=True)
class Model(ABC):
    """A model; its fields are its hyper-parameters, each explained on a line ``name: meaning`` of the docstring."""

    trained: ClassVar[bool] = True
    paired: ClassVar[bool] = (
        False  # a batch is b images, then of each a partner that differs in some factors (batches.py)
    )

    @abstractmethod
    def networks(
        self, image_shape: tuple[int, int, int], latents: int, network: str
    ) -> dict[str, nn.Module]:
        """The groups of parameters, for images (h, w, c) and a network by its name in ``networks.py``."""

    @abstractmethod
    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        """Optimiser settings of each group; ``training`` are those that the study states."""

    @abstractmethod
    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        """Noise that one step of so many images, or pairs, needs."""

    @abstractmethod
    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        """Losses of one batch of images [b, c, h, w] in [0, 1], of a paired model [2 b, c, h, w], at a step (from 0)."""

    @abstractmethod
    def infer(self, networks: Mapping[str, nn.Module], images: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior means and log-variances, float32 [b, latents]."""

    def decode(self, networks: Mapping[str, nn.Module], codes: Tensor) -> Tensor:
        """Means of the pixels [b, c, h, w] in [0, 1], of codes [b, latents]."""
        raise NotImplementedError(f"{type(self).__name__} decodes nothing")

    def codes(self, factors: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """What a control, which is not trained, answers for factors [n, k]: means and log-variances, float32 [n, d]."""
        raise NotImplementedError(f"{type(self).__name__} is trained; its codes come from infer")

    def check(self) -> None:  # noqa: B027 - most models have nothing to add
        """Raise ValueError for numbers with which no loss is defined; called on a study's values, never on tensors."""
