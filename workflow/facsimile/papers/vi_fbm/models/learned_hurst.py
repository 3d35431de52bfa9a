"""Inference of paths and of the Hurst index of their prior, by one bound."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.vi_fbm import chain as chains
from facsimile.papers.vi_fbm.models._simulation import (
    Control,
    ControlNetwork,
    Steps,
    clock,
    simulate,
    starts,
)
from facsimile.statistics import fractional_brownian

LABEL = "Learned Hurst index"
STEP_SECONDS = {"1": 0.07}
GROUP = "fractional"
# The coefficients are polynomials of H, as no gradient of the incomplete gamma function is at hand.
LEAST, MOST, DEGREE = 0.02, 0.98, 24
REPEATS = 64  # simulations of each path by which the bound is judged


class FractionalNetwork(nn.Module):
    """The control, and the Hurst index: a sigmoid between 0.02 and 0.98 of one parameter."""

    def __init__(
        self,
        inputs: int,
        width: int,
    ) -> None:
        super().__init__()
        self.control = ControlNetwork(inputs, width)
        self.raw_hurst = nn.Parameter(torch.zeros(()))

    def hurst(self) -> Tensor:
        """Return H; it is 1/2 before training."""
        return LEAST + (MOST - LEAST) * self.raw_hurst.sigmoid()


@functools.cache
def polynomials(
    kind: int,
    number: int,
) -> Tensor:
    """Return Chebyshev's coefficients [degree + 1, k] of ω in H, from LEAST to MOST."""
    gammas = fractional_brownian.speeds(number, chains.FASTEST)
    nodes = np.cos(np.pi * (np.arange(2 * DEGREE) + 0.5) / (2 * DEGREE))
    values = []
    for node in nodes:
        hurst = LEAST + (MOST - LEAST) * (node + 1) / 2
        values.append(
            fractional_brownian.coefficients(kind, hurst, gammas, chains.HORIZON),
        )
    fitted = np.polynomial.chebyshev.chebfit(nodes, np.array(values), DEGREE)
    return torch.from_numpy(fitted)


def omega(
    fitted: Tensor,
    hurst: Tensor,
) -> Tensor:
    """Return ω [k] at H, differentiable in H, by ``polynomials``."""
    place = 2 * (hurst.double() - LEAST) / (MOST - LEAST) - 1
    angles = torch.arange(len(fitted), dtype=torch.float64) * place.arccos()
    return (angles.cos() @ fitted).float()


@dataclass(frozen=True)
class LearnedHurst(ArraysModel):
    """A control network for all paths and the Hurst index, fitted by the variational bound.

    Daems et al. 2024, "Variational inference for SDEs driven by fractional noise". The prior is
    B̂ itself, without drift. The control is given sin t, cos t, the time to the next observation,
    by how much x is off it, the state, and all observations of the path; the release has no
    experiment of this kind on data without pictures, so these inputs are ours.

    Args:
        kind: 1 or 2, the type of fractional Brownian motion.
        number: K, the number of Ornstein-Uhlenbeck processes.
        steps: time steps, a multiple of the number of observations.
        width: units of both hidden layers.
    """

    kind: float = 2
    number: float = 5
    steps: float = 200
    width: float = 64
    takes: ClassVar[Shapes] = {"values": (4,), "times": (4,), "deviation": ()}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [places] = shapes["values"]
        if int(self.steps) % places:
            raise ValueError(f"steps: {self.steps:g} is no multiple of {places} observations")
        return {GROUP: FractionalNetwork(5 + int(self.number) + places, int(self.width))}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Use PyTorch's starting values; the control is 0, and H is 1/2."""
        network = _fractional(networks)
        network.control.initialise(seed, GROUP)
        nn.init.zeros_(network.raw_hurst)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {
            "start": Draw("normal", (batch, 1 + int(self.number))),
            "noise": Draw("normal", (batch, int(self.steps))),
        }

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        network = _fractional(networks)
        loss = self.per_path(network, batch, noise["start"], noise["noise"]).mean()
        return Losses({GROUP: loss}, detached({"loss": loss, "hurst": network.hurst()}))

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``learned_hurst``, the ``loss`` over fresh simulations, and the ``setting``.

        The latter is (kind, number, steps).
        """
        network = _fractional(networks)
        batch = {name: values.repeat_interleave(REPEATS, 0) for name, values in whole.items()}
        paths = len(batch["deviation"])
        random = rng.generator(seed, "tested", 0)
        start = random.standard_normal((paths, 1 + int(self.number)))
        normals = random.standard_normal((paths, int(self.steps)))
        losses = self.per_path(
            network,
            batch,
            torch.from_numpy(start).float(),
            torch.from_numpy(normals).float(),
        )
        return {
            "learned_hurst": network.hurst().detach().double(),
            "loss": losses.mean().double(),
            "setting": torch.tensor([self.kind, self.number, self.steps], dtype=torch.float64),
        }

    def per_path(
        self,
        network: FractionalNetwork,
        batch: Batch,
        start: Tensor,
        normals: Tensor,
    ) -> Tensor:
        """Return an estimate of the negative bound [b], without constants, of each path."""
        values, size = batch["values"], int(self.steps) // batch["values"].shape[1]
        end = float(batch["times"][0, -1])
        chain = chains.chain(int(self.kind), 0.5, int(self.number), 0.0, int(self.steps), end)
        steps = self._steps(network.hurst(), end)
        control = self._control(network, values, chain.dt)
        path, energy = simulate(steps, control, starts(chain, start), normals)
        missed = (path[:, size::size] - values) / batch["deviation"][:, None]
        return energy + 0.5 * missed.square().sum(1)

    def check(self) -> None:
        if self.kind not in (1, 2):
            raise ValueError(f"kind must be 1 or 2, not {self.kind:g}")
        for name in ("number", "steps", "width"):
            value = getattr(self, name)
            if value != int(value) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1, not {value:g}")

    def _steps(self, hurst: Tensor, end: float) -> Steps:
        """The chain's steps as functions of H: only what x gets from Y depends on it."""
        speeds = fractional_brownian.speeds(int(self.number), chains.FASTEST)
        weights = omega(polynomials(int(self.kind), int(self.number)), hurst)
        gammas, dt = torch.from_numpy(speeds).float(), end / self.steps
        first = torch.cat([torch.ones(1), -dt * gammas * weights])[:, None]
        others = torch.cat([torch.zeros(1, len(gammas)), torch.diag(1 - dt * gammas)])
        inputs = torch.cat([weights.sum()[None], torch.ones(len(gammas))])
        return Steps(torch.cat([first, others], 1), inputs, dt)

    def _control(
        self,
        network: FractionalNetwork,
        values: Tensor,
        dt: float,
    ) -> Control:
        times, size = clock(int(self.steps), dt), int(self.steps) // values.shape[1]

        def control(i: int, states: Tensor) -> Tensor:
            to_come, rows = i // size, len(states)
            left = torch.full((rows, 1), (size - i % size) * dt)
            off = values[:, to_come : to_come + 1] - states[:, :1]
            features = [times[i].expand(rows, 2), left, off, states, values]
            u: Tensor = network.control(torch.cat(features, 1))
            return u

        return control


def _fractional(
    networks: Mapping[str, nn.Module],
) -> FractionalNetwork:
    network = networks[GROUP]
    assert isinstance(network, FractionalNetwork)
    return network
