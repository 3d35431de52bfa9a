"""Controls: models without training, whose scores bound what a metric can report.

Every study includes them. A control computes its codes from the factors of the data set::

    @dataclass(frozen=True)
    class Oracle(Control):
        '''The codes are the factor indices.'''

        def codes(self, factors, seed):
            return with_log_variance(factors)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NoReturn

import numpy as np
from torch import Tensor, nn

from facsimile.models.base.adam import AdamSettings, TrainingAdam
from facsimile.models.base.model import Draw, Losses, Model

# A standard deviation of 0.007: much narrower than the step of 1 between factor values.
LOG_VARIANCE = -10.0


@dataclass(frozen=True)
class Control(Model):
    """Base class of models that are not trained. Subclasses override ``codes``."""

    trained: ClassVar[bool] = False

    def networks(
        self,
        image_shape: tuple[int, int, int],
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        return {}

    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        return {}

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {}

    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        return Losses({}, {})

    def infer(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
    ) -> NoReturn:
        """Raise NotImplementedError: the codes of a control come from ``codes``."""
        raise NotImplementedError(
            f"{type(self).__name__} is a control: it sees factors, not images; call codes"
        )


def with_log_variance(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes of a control: the means and the constant log-variance, float32 [n, d] each.

    Args:
        mean: codes [n, d], of any dtype.

    Raises:
        ValueError: ``mean`` does not have two dimensions.
    """
    if mean.ndim != 2:
        raise ValueError(
            f"factors must be [images, factors], not of shape {list(mean.shape)}; "
            "pass one row per image"
        )
    log_variance = np.full(mean.shape, LOG_VARIANCE, np.float32)
    return mean.astype(np.float32), log_variance
