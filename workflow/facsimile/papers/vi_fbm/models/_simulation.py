"""Paths of a controlled chain in PyTorch, and the network that controls them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base import mlp
from facsimile.papers.vi_fbm.chain import Chain

# The control [n] at a step, of states [n, d].
Control = Callable[[int, Tensor], Tensor]


class Steps(NamedTuple):
    """What a chain does in a step: z' = z matrix + (u dt + dW) inputs, for states in rows."""

    matrix: Tensor
    inputs: Tensor
    dt: float


def steps_of(
    chain: Chain,
    dtype: torch.dtype = torch.float32,
) -> Steps:
    """Return the steps of a chain."""
    matrix, inputs = torch.from_numpy(chain.matrix.T.copy()), torch.from_numpy(chain.inputs)
    return Steps(matrix.to(dtype), inputs.to(dtype), chain.dt)


def simulate(
    steps: Steps,
    control: Control,
    start: Tensor,
    normals: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return x [n, steps + 1] of controlled paths, and ∫ u² dt / 2 [n] of each.

    Args:
        steps: what the chain does.
        control: u at a step, given the states.
        start: first states [n, d].
        normals: standard normals [n, steps]; increments of W are √dt times these.
    """
    increments = normals * steps.dt**0.5
    state, energy = start, torch.zeros_like(start[:, 0])
    path = [start[:, 0]]
    for i in range(normals.shape[1]):
        u = control(i, state)
        energy = energy + 0.5 * steps.dt * u.square()
        pushed = (steps.dt * u + increments[:, i])[:, None] * steps.inputs
        state = state @ steps.matrix + pushed
        path.append(state[:, 0])
    return torch.stack(path, 1), energy


def starts(
    chain: Chain,
    normals: Tensor,
) -> Tensor:
    """Return first states [n, d] with the chain's covariance, from standard normals [n, d]."""
    # By eigenvectors, since the covariance is singular: x starts from 0.
    values, vectors = np.linalg.eigh(chain.start)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return normals @ torch.from_numpy(root.T.copy()).to(normals.dtype)


class ControlNetwork(nn.Module):
    """Two hidden layers with tanh; the control is 0 before training, as in the release."""

    def __init__(
        self,
        inputs: int,
        width: int,
    ) -> None:
        super().__init__()
        self.layers = mlp.mlp([inputs, width, width, 1], nn.Tanh)

    def forward(self, features: Tensor) -> Tensor:
        """Return the control [n] for features [n, inputs]."""
        control: Tensor = self.layers(features)[:, 0]
        return control

    def initialise(
        self,
        seed: int,
        group: str,
    ) -> None:
        """Use PyTorch's starting values, and 0 in the last layer."""
        mlp.initialise(self.layers, seed, group)
        for parameter in self.layers[-1].parameters():
            nn.init.zeros_(parameter)


def clock(steps: int, dt: float) -> Tensor:
    """Return sin t and cos t [steps, 2] at the beginning of each step."""
    times = dt * torch.arange(steps, dtype=torch.float64)
    return torch.stack([times.sin(), times.cos()], 1).float()
