"""A linear operator of states that are a few neighbouring values: known answers, no training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.kovae.models import _networks as koopman

LABEL = "Delay operator"


@dataclass(frozen=True)
class DelayOperator(NoModel):
    """Least squares from states (y_{t-delays+1}, …, y_t) to the next ones, where y = 2 x - 1.

    For sine waves of one frequency f and two delays, its eigenvalues are exp(±i f) exactly
    (``datasets/harmonic.py``). For a pendulum or prices it is linear regression on past values.

    Args:
        delays: values of each feature that make a state.
    """

    delays: float = 2
    takes: ClassVar[Shapes] = {"x": (6, 1), "observed": (6,)}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``operator`` [delays · features] squared, and its error ``nonlinearity``."""
        if not bool(whole["observed"].all()):
            raise ValueError("delay_operator needs complete series; choose a data set without gaps")
        y = 2 * whole["x"].double() - 1
        states = y.unfold(1, int(self.delays), 1).flatten(2)
        matrix = koopman.operator(states)
        residual = states[:, 1:] - states[:, :-1] @ matrix
        return {
            "operator": matrix,
            "nonlinearity": residual.square().sum() / states[:, 1:].square().sum(),
        }

    def check(self) -> None:
        if self.delays < 1 or self.delays != int(self.delays):
            raise ValueError(f"delays must be a whole number from 1, not {self.delays:g}")
