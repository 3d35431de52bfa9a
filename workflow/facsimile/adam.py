"""Adam as TensorFlow computes it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class AdamSettings:
    """Learning rate, the two decay rates of the moments, and "epsilon hat" (Kingma and Ba 2015, end of section 2)."""

    lr: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8


class TFAdam:
    """TensorFlow's Adam: θ ← θ − lr·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε̂).

    torch.optim.Adam divides by √v/√(1−β₂ᵗ) + ε instead, which is the same with ε = ε̂/√(1−β₂ᵗ). So torch's fused kernel does the
    work and is given that ε anew at each step. The two differ where gradients are tiny: at the first step torch's ε is 32 times
    smaller than TensorFlow's for equal settings.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], settings: AdamSettings) -> None:
        self.settings = settings
        self.steps = 0
        self._parameters = list(parameters)
        betas = (settings.beta1, settings.beta2)
        self._adam = torch.optim.Adam(self._parameters, lr=settings.lr, betas=betas, eps=settings.epsilon, fused=True)

    def step(self, gradients: Sequence[Tensor]) -> None:
        """One update with the given gradients, one a parameter, in their order."""
        self.steps += 1
        self._adam.param_groups[0]["eps"] = self.settings.epsilon / math.sqrt(1 - self.settings.beta2**self.steps)
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """Both moments of each parameter, contiguous, for a checkpoint."""
        return {
            f"{index}.{name}": self._adam.state[parameter][name].contiguous()
            for index, parameter in enumerate(self._parameters)
            for name in ("exp_avg", "exp_avg_sq")
            if parameter in self._adam.state
        }

    def restore(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Go on from the moments of a checkpoint that was written after ``steps`` updates."""
        self.steps = steps
        for index, parameter in enumerate(self._parameters):
            state = self._adam.state[parameter]
            state["step"] = torch.tensor(float(steps))
            for name in ("exp_avg", "exp_avg_sq"):
                state[name] = torch.empty_like(parameter).copy_(tensors[f"{index}.{name}"])
