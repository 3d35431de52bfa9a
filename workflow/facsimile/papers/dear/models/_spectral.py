"""Dense layers whose weight matrix is divided by its largest singular value."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

# Of the power method. It starts again in each call, so that it has no state to store.
ITERATIONS = 5
TINY = 1e-12


class SpectralLinear(nn.Linear):
    """A dense layer W x / σ + b, with σ the largest singular value of W (Miyato et al. 2018).

    σ is estimated by five iterations of the power method from a constant vector, and is at most the
    largest singular value. As there, the singular vectors have no gradient. torch's version makes
    one iteration per call from where the last call ended.
    """

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight / spectral_norm(self.weight), self.bias)


def spectral_norm(weight: Tensor) -> Tensor:
    """Return the largest singular value of a matrix [n, m], estimated from below."""
    with torch.no_grad():
        right = torch.ones_like(weight[0])
        for _ in range(ITERATIONS):
            left = functional.normalize(weight @ right, dim=0, eps=TINY)
            right = functional.normalize(weight.T @ left, dim=0, eps=TINY)
    return (left * (weight @ right)).sum().clamp(min=TINY)


def mlp(widths: Sequence[int]) -> nn.Sequential:
    """Create layers as ``models/base/mlp.py`` does with ReLUs, with spectral normalisation."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [SpectralLinear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
