"""Controls: rows of every study that are not trained, at the top and at the bottom of what a metric can say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NoReturn

import numpy as np
from torch import Tensor, nn

from facsimile.models.base.adam import AdamSettings, TrainingAdam
from facsimile.models.base.model import Draw, Losses, Model

LOG_VARIANCE = (
    -10.0
)  # a standard deviation of 0.007: much narrower than the step of 1 between factor values


@dataclass(frozen=True)
class Control(Model):
    """A model that answers ``codes`` and has nothing to train."""

    trained: ClassVar[bool] = False

    def networks(
        self, image_shape: tuple[int, int, int], latents: int, network: str
    ) -> dict[str, nn.Module]:
        return {}

    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        return {}

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return {}

    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        return Losses({}, {})

    def infer(self, networks: Mapping[str, nn.Module], images: Tensor) -> NoReturn:
        raise NotImplementedError(
            f"{type(self).__name__} is a control: it sees factors, not images; call codes"
        )


def with_log_variance(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The means [n, d] as float32, and the constant log-variance of a control; raises ValueError for another shape."""
    if mean.ndim != 2:
        raise ValueError(
            f"factors must be [images, factors], not of shape {list(mean.shape)}; give one row an image"
        )
    return mean.astype(np.float32), np.full(mean.shape, LOG_VARIANCE, np.float32)
