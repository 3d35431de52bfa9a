"""A normalising flow of codes: scalings, rotations, and affine maps of each code by earlier ones.

Its maps are those of zuko. Their order and sizes are those of the released code of CITRIS
(phlippe/CITRIS 95f6c90, models/shared/flow_layers.py), with these differences: an affine map scales
before it shifts, and its log scale is limited to -3 to 3 by a softer function; matrices begin as
rotations there, and stay rotations here; scalings begin as the identity here, and with the means
and deviations of the first batch there.
"""

import functools
import math

import torch
from torch import Tensor, nn
from torch.distributions import Transform
from zuko.flows import MaskedAutoregressiveTransform
from zuko.lazy import LazyComposedTransform, LazyTransform
from zuko.nn import MaskedLinear
from zuko.transforms import DependentTransform, MonotonicAffineTransform, RotationTransform

from facsimile.models.base.frame_networks import Uniform

FLOWS = 4
HIDDEN = 16  # units per code
START = 0.2  # factor of the starting weights of the last layers
LIMIT = 3.0  # of log scales
Mapped = tuple[Tensor, Tensor]

# zuko limits a log scale by the smallest scale.
Affine = functools.partial(MonotonicAffineTransform, slope=math.exp(-LIMIT))


class Scaling(LazyTransform):
    """Each code times a number, plus a number.

    Args:
        size: number of codes.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.shift = Uniform(0.0, size)
        self.log_scale = Uniform(0.0, size)

    def forward(self, c: Tensor | None = None) -> Transform:
        """Return the map; there is no context ``c``."""
        scaled = Affine(self.shift.values, self.log_scale.values)
        return DependentTransform(scaled, 1)


class Rotation(LazyTransform):
    """All codes times an orthogonal matrix, exp(A - Aᵀ).

    Args:
        size: number of codes.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.turn = Uniform(1.0, size, size)

    def forward(self, c: Tensor | None = None) -> Transform:
        """Return the map; there is no context ``c``."""
        return RotationTransform(self.turn.values)


class Flow(nn.Module):
    """Four times: a scaling, a rotation (except the first time), and an autoregressive map.

    Args:
        size: number of codes.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        maps: list[LazyTransform] = []
        for number in range(FLOWS):
            maps.append(Scaling(size))
            if number:
                maps.append(Rotation(size))
            maps.append(autoregressive(size))
        self.maps = LazyComposedTransform(*maps)

    def forward(self, codes: Tensor) -> Mapped:
        """Return mapped codes [b, d], and the log determinant of the Jacobian [b], of codes."""
        latents, log_determinant = self.maps().call_and_ladj(codes)
        return latents, log_determinant

    @torch.no_grad()
    def inverse(self, latents: Tensor) -> Tensor:
        """Return the codes [b, d] that are mapped to these latents."""
        codes: Tensor = self.maps().inv(latents)
        return codes

    @torch.no_grad()
    def shrink(self) -> None:
        """Make the starting weights of the last layers small, and their biases 0."""
        for step in self.maps.transforms:
            if isinstance(step, MaskedAutoregressiveTransform):
                last = step.hyper[-1]
                assert isinstance(last, MaskedLinear)
                # Kaiming's bound for a linear layer, instead of PyTorch's 1/√inputs.
                last.weight.mul_(START * math.sqrt(3))
                last.bias.zero_()


def autoregressive(size: int) -> MaskedAutoregressiveTransform:
    """Create the map that scales and shifts each code by networks of the codes before it.

    Args:
        size: number of codes.
    """
    return MaskedAutoregressiveTransform(
        size,
        univariate=Affine,
        hidden_features=(HIDDEN * size, HIDDEN * size),
        activation=nn.SiLU,
    )
