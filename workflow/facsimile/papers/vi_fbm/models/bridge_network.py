"""A bridge of approximate fractional noise whose control is a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.vi_fbm.models import _bridge
from facsimile.papers.vi_fbm.models._simulation import (
    Control,
    ControlNetwork,
    clock,
    simulate,
    starts,
    steps_of,
)

LABEL = "Learned control"
STEP_SECONDS = {"1": 0.05, "width**2": 1.5e-7}
GROUP = "control"
TESTED = 4000  # paths by which the control is judged


@dataclass(frozen=True)
class BridgeNetwork(ArraysModel):
    """Variational inference of a path whose last value is observed (Daems et al. 2024).

    The loss is the mean of (x(end) - value)² / (2 deviation²) + ∫ u² dt / 2 over paths: the
    negative evidence lower bound without its constant. The control is a network of sin t, cos t, x
    and Y, as in the release.

    Args:
        hurst: Hurst index of the prior.
        kind: 1 or 2, the type of fractional Brownian motion.
        number: K, the number of Ornstein-Uhlenbeck processes; 0 is white noise.
        theta: prior drift -θ x.
        steps: time steps.
        width: units of both hidden layers; the release has 1,000.
        paths: paths per batch.
    """

    hurst: float = 0.5
    kind: float = 1
    number: float = 5
    theta: float = 0
    steps: float = 200
    width: float = 64
    paths: float = 32
    takes: ClassVar[Shapes] = {"value": (), "time": (), "deviation": ()}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        return {GROUP: ControlNetwork(3 + int(self.number), int(self.width))}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Use PyTorch's starting values; the control is 0."""
        network = networks[GROUP]
        assert isinstance(network, ControlNetwork)
        network.initialise(seed, GROUP)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        paths = int(self.paths)
        return {
            "start": Draw("normal", (paths, 1 + int(self.number))),
            "noise": Draw("normal", (paths, int(self.steps))),
        }

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        end, value, deviation = (float(batch[name][0]) for name in ("time", "value", "deviation"))
        chain = _bridge.chain_of(self, end)
        path, energy = simulate(
            steps_of(chain),
            self._control(networks[GROUP], chain.dt),
            starts(chain, noise["start"]),
            noise["noise"],
        )
        missed = 0.5 * ((path[:, -1] - value) / deviation).square()
        loss = (missed + energy).mean()
        terms = {"loss": loss, "missed": missed.mean(), "energy": energy.mean()}
        return Losses({GROUP: loss}, detached(terms))

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return what fresh paths say: see ``_bridge.measured``."""
        bridge = _bridge.observed(self, whole)
        control = self._control(networks[GROUP], bridge.chain.dt)
        return dict(_bridge.measured(self, bridge, control, seed, TESTED, torch.float32))

    def check(self) -> None:
        _bridge.check(self)
        for name in ("width", "paths"):
            value = getattr(self, name)
            if value != int(value) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1, not {value:g}")

    def _control(
        self,
        network: nn.Module,
        dt: float,
    ) -> Control:
        times = clock(int(self.steps), dt)

        def control(i: int, states: Tensor) -> Tensor:
            features = torch.cat([times[i].expand(len(states), 2), states], 1)
            u: Tensor = network(features)
            return u

        return control
