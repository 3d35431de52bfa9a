"""A bridge of approximate fractional noise with the best control, which is linear."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.vi_fbm.models import _bridge

LABEL = "Best control"
TESTED = 10_000  # paths; the loss of one has a standard deviation of 20 nats at H = 0.1


@dataclass(frozen=True)
class ExactBridge(NoModel):
    """Paths under the best control, beside the closed form of its loss (``chain.py``).

    Args:
        hurst: Hurst index of the prior.
        kind: 1 or 2, the type of fractional Brownian motion.
        number: K, the number of Ornstein-Uhlenbeck processes; 0 is white noise.
        theta: prior drift -θ x.
        steps: time steps.
    """

    hurst: float = 0.5
    kind: float = 1
    number: float = 5
    theta: float = 0
    steps: float = 200
    takes: ClassVar[Shapes] = {"value": (), "time": (), "deviation": ()}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return what fresh paths say, see ``_bridge.measured``, and ``approximated``.

        The latter is the setting of metrics of the approximation itself, (kind, hurst).
        """
        bridge = _bridge.observed(self, whole)
        solution = bridge.solve()
        rows, offsets = torch.from_numpy(solution.rows), torch.from_numpy(solution.offsets[0])

        def control(i: int, states: Tensor) -> Tensor:
            return offsets[i] - states @ rows[i]

        measured = _bridge.measured(self, bridge, control, seed, TESTED, torch.float64)
        setting = torch.tensor([self.kind, self.hurst], dtype=torch.float64)
        return dict(measured) | {"approximated": setting}

    def check(self) -> None:
        _bridge.check(self)
