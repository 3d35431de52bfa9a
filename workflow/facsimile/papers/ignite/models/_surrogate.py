"""The surrogate: dense networks with a Gaussian likelihood, as in design-baselines."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.3  # of keras's LeakyReLU below 0
DEVIATIONS = (0.1, 0.2)  # starting limits of the likelihood's standard deviation


class Member(nn.Module):
    """Two hidden layers, and two outputs: mean, and logarithmic standard deviation.

    The logarithmic standard deviation is held softly between two limits, which are trained, too.

    Args:
        inputs: number of inputs.
        hidden: units of each hidden layer.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, 2),
        )
        self.limits = nn.Parameter(torch.zeros(2))
        self.reset_limits()

    @torch.no_grad()
    def reset_limits(self) -> None:
        """Set the limits of the logarithmic standard deviation to their starting values."""
        self.limits.copy_(torch.tensor([math.log(value) for value in DEVIATIONS]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the means [b] of inputs [b, d]."""
        means: Tensor = self.layers(x)[:, 0]
        return means

    def negative_log_likelihood(
        self,
        x: Tensor,
        y: Tensor,
    ) -> Tensor:
        """Return the mean of -log N(y; mean(x), sd(x)²) over the rows."""
        mean, raw = self.layers(x).unbind(1)
        lowest, highest = self.limits
        log_sd = highest - functional.softplus(highest - raw)
        log_sd = lowest + functional.softplus(log_sd - lowest)
        squares = ((y - mean) / log_sd.exp()).square()
        return (0.5 * squares + log_sd).mean() + 0.5 * math.log(2 * math.pi)


def mean_gradient(
    layers: nn.Module,
    x: Tensor,
    parameters: Mapping[str, Tensor] | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Return h, the mean of a network's first output over the rows x [b, d], and ∇h.

    Args:
        layers: the network.
        x: inputs.
        parameters: values of its parameters by name, to be used instead of its own.

    Returns:
        A scalar, and one tensor for each parameter, in their order.
    """
    if parameters is None:
        parameters = dict(layers.named_parameters())
    values = {}
    for name, value in parameters.items():
        values[name] = value.detach().requires_grad_()
    with torch.enable_grad():
        h = torch.func.functional_call(layers, values, (x,))[:, 0].mean()
        gradients = torch.autograd.grad(h, list(values.values()))
    return h.detach(), list(gradients)


def norm_of(gradients: Sequence[Tensor]) -> Tensor:
    """Return the Euclidean norm of all entries together, a scalar."""
    return torch.sqrt(sum((g.square().sum() for g in gradients), torch.zeros(())))


def shifted(
    layers: nn.Module,
    gradients: Sequence[Tensor],
    radius: float,
) -> dict[str, Tensor]:
    """Return w + radius · g / |g| by name, for the parameters w of a network and gradients g.

    Without a gradient (|g| = 0), w.
    """
    norm = norm_of(gradients)
    factor = radius / norm if norm > 0 else 0.0
    moved = {}
    for (name, value), gradient in zip(layers.named_parameters(), gradients, strict=True):
        moved[name] = value.detach() + factor * gradient
    return moved


def norm_gradient(
    layers: nn.Module,
    x: Tensor,
    radius: float,
) -> tuple[Tensor, list[Tensor]]:
    """Return |∇h| and its gradient by a finite difference, (∇h(w + r u) - ∇h(w)) / r.

    Here u = ∇h / |∇h|. For a quadratic h this is exact for any radius r. Dao et al. 2024, on the
    gradient of the norm.
    """
    _, here = mean_gradient(layers, x)
    _, there = mean_gradient(layers, x, shifted(layers, here, radius))
    differences = [(b - a) / radius for a, b in zip(here, there, strict=True)]
    return norm_of(here), differences
