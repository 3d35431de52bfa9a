"""The Cauchy-Schwarz information bottleneck."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models.base.arrays import Batch
from facsimile.papers.cs_ib.models import _kernels
from facsimile.papers.cs_ib.models._bottleneck import Bottleneck, Network

COLLAPSED, TEXT, RELEASED_FORMULA = 0, 1, 2


@dataclass(frozen=True)
class CSBottleneck(Bottleneck):
    """Conditional divergence plus beta times the normalised quadratic information I(x; t).

    Yu et al. 2024, "Cauchy-Schwarz divergence information bottleneck for regression", eq. 4. No
    noise is added to codes, as in the released code.

    Args:
        error: 0 for the released code, 1 for the text, 2 for the released formula on columns.
            The released code passes targets as vectors, so that the divergence is a sum of squared
            errors. The released formula differs from the text in a denominator.
    """

    error: float = COLLAPSED

    def parts(
        self,
        network: Network,
        batch: Batch,
        noise: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor, Tensor]:
        x, y = batch["x"], batch["y"]
        _, codes = network.codes(x)
        predicted = network.predict(codes)
        information = torch.zeros(())
        if self.beta > 0:
            information = _kernels.normalised_information(x, codes).to(y.dtype)
        return self._error(x, y, predicted), information, predicted

    def _error(
        self,
        x: Tensor,
        y: Tensor,
        predicted: Tensor,
    ) -> Tensor:
        if self.error == COLLAPSED:
            return _kernels.collapsed_divergence(y, predicted)
        is_released = self.error == RELEASED_FORMULA
        nats = _kernels.conditional_divergence(
            x,
            y[:, None],
            predicted[:, None],
            squares_within=is_released,
        )
        return nats / _kernels.LOG_2 if is_released else nats

    def check(self) -> None:
        super().check()
        if self.error not in (COLLAPSED, TEXT, RELEASED_FORMULA):
            raise ValueError(f"error must be 0, 1 or 2, not {self.error:g}")
