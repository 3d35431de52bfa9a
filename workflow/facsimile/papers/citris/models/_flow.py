"""A normalising flow of codes: scalings, rotations, and affine maps of each code by earlier ones.

As in the released code of CITRIS (phlippe/CITRIS 95f6c90, models/shared/flow_layers.py), with two
differences: matrices begin as rotations there, and stay rotations here; scalings begin as the
identity here, and with the means and deviations of the first batch there.
"""

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base.frame_networks import Uniform

FLOWS = 4
HIDDEN = 16  # units per code
START = 0.2  # factor of the starting weights of the last layers
LIMIT = 3.0  # of log scales
Mapped = tuple[Tensor, Tensor]


class Step(nn.Module):
    """One invertible map of codes [b, d]."""

    @abstractmethod
    def forward(self, codes: Tensor) -> Mapped:
        """Return mapped codes, and the logarithm of the determinant of the Jacobian [b]."""

    @abstractmethod
    def inverse(self, codes: Tensor) -> Tensor:
        """Return the codes that are mapped to these."""


class Scaling(Step):
    """Each code plus a number, times a number.

    Args:
        size: number of codes.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.shift = Uniform(0.0, size)
        self.log_scale = Uniform(0.0, size)

    def forward(self, codes: Tensor) -> Mapped:
        log_scale = self.log_scale.values.clamp(-LIMIT, LIMIT)
        mapped = (codes + self.shift.values) * log_scale.exp()
        return mapped, log_scale.sum().expand(len(codes))

    def inverse(self, codes: Tensor) -> Tensor:
        log_scale = self.log_scale.values.clamp(-LIMIT, LIMIT)
        return codes * (-log_scale).exp() - self.shift.values


class Rotation(Step):
    """All codes times an orthogonal matrix, exp(A - Aᵀ).

    Args:
        size: number of codes.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.turn = Uniform(1.0, size, size)

    def forward(self, codes: Tensor) -> Mapped:
        return codes @ self._matrix(), torch.zeros(len(codes))

    def inverse(self, codes: Tensor) -> Tensor:
        return codes @ self._matrix().T

    def _matrix(self) -> Tensor:
        turn = self.turn.values
        return torch.matrix_exp(turn - turn.T)


class Masked(nn.Linear):
    """A dense layer between units of codes that are in order.

    Args:
        size: number of codes.
        inputs: input units per code.
        outputs: output units per code.
        own: whether units of a code see its own inputs besides those of earlier codes.
    """

    def __init__(
        self,
        size: int,
        inputs: int,
        outputs: int,
        own: bool,
    ) -> None:
        super().__init__(size * inputs, size * outputs)
        place = torch.arange(size)
        before = place.repeat_interleave(inputs)
        after = place.repeat_interleave(outputs)[:, None]
        seen = before <= after if own else before < after
        self.register_buffer("mask", seen.float(), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        mask = self.get_buffer("mask")
        return functional.linear(
            values,
            self.weight * mask,
            self.bias,
        )


class Autoregressive(Step):
    """Each code shifted and scaled by networks of the codes before it.

    Args:
        size: number of codes.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.network = nn.Sequential(
            Masked(size, 1, HIDDEN, own=False),
            nn.SiLU(),
            Masked(size, HIDDEN, HIDDEN, own=True),
            nn.SiLU(),
            Masked(size, HIDDEN, 2, own=True),
        )
        self.limit = Uniform(0.0, size)

    def forward(self, codes: Tensor) -> Mapped:
        shift, log_scale = self._affine(codes)
        return (codes + shift) * log_scale.exp(), log_scale.sum(1)

    def inverse(self, codes: Tensor) -> Tensor:
        """One code after the other, as each needs those before it."""
        result = torch.zeros_like(codes)
        for place in range(codes.shape[1]):
            shift, log_scale = self._affine(result)
            whole = codes * (-log_scale).exp() - shift
            result[:, place] = whole[:, place]
        return result

    def _affine(self, codes: Tensor) -> Mapped:
        """Shift and log scale [b, d]."""
        outputs = self.network(codes)
        shift, raw = outputs.unflatten(1, (-1, 2)).unbind(2)
        limit = LIMIT * torch.tanh(self.limit.values.exp() / LIMIT)
        return shift, torch.tanh(raw / limit.clamp(min=1)) * limit


class Flow(Step):
    """Four times: a scaling, a rotation (except the first time), and an autoregressive map.

    Args:
        size: number of codes.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        steps: list[Step] = []
        for number in range(FLOWS):
            steps.append(Scaling(size))
            if number:
                steps.append(Rotation(size))
            steps.append(Autoregressive(size))
        self.steps = nn.ModuleList(steps)

    def forward(self, codes: Tensor) -> Mapped:
        log_determinant = torch.zeros(len(codes))
        for step in self.steps:
            codes, change = step(codes)
            log_determinant = log_determinant + change
        return codes, log_determinant

    @torch.no_grad()
    def inverse(self, codes: Tensor) -> Tensor:
        for step in reversed(self.steps):
            assert isinstance(step, Step)
            codes = step.inverse(codes)
        return codes

    @torch.no_grad()
    def shrink(self) -> None:
        """Make the starting weights of the last layers small, and their biases 0."""
        for step in self.steps:
            if isinstance(step, Autoregressive):
                last = step.network[-1]
                assert isinstance(last, Masked)
                # Kaiming's bound for a linear layer, instead of PyTorch's 1/√inputs.
                last.weight.mul_(START * math.sqrt(3))
                last.bias.zero_()
