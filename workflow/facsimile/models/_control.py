"""Controls: rows of every study that are not trained, at the top and at the bottom of what a metric can say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np
from torch import Tensor, nn

from facsimile.adam import AdamSettings
from facsimile.models._base import Draw, Losses, Model

LOG_VARIANCE = -10.0  # a posterior much narrower than the steps between factor values


@dataclass(frozen=True)
class Control(Model):
    """A model that answers ``codes`` from the factors and has nothing to train."""

    trained: ClassVar[bool] = False

    def networks(self, image_shape: tuple[int, int, int], latents: int, network: str) -> dict[str, nn.Module]:
        return {}

    def adam(self, training: Any) -> dict[str, AdamSettings]:
        return {}

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return {}

    def losses(
        self, networks: Mapping[str, nn.Module], images: Tensor, noise: Mapping[str, Tensor], step: Tensor | int
    ) -> Losses:
        return Losses({}, {})

    def infer(self, networks: Mapping[str, nn.Module], images: Tensor) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__} is a control: it sees factors, not images; call codes")


def with_log_variance(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The means as float32, and the constant log-variance of a control."""
    return mean.astype(np.float32), np.full(mean.shape, LOG_VARIANCE, np.float32)
