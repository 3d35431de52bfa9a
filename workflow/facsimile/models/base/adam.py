"""Adam as TensorFlow computes it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

MOMENTS = ("exp_avg", "exp_avg_sq")  # torch's names


class TrainingAdam(Protocol):
    """Optimiser settings as a study states them."""

    lr: float
    beta1: float
    beta2: float
    epsilon: float


@dataclass(frozen=True)
class AdamSettings:
    """Learning rate, decay rates of the two moments, and "epsilon hat" (Kingma and Ba 2015, end of section 2)."""

    lr: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    @classmethod
    def of(cls, stated: TrainingAdam) -> "AdamSettings":
        """The settings that a study states."""
        return cls(stated.lr, stated.beta1, stated.beta2, stated.epsilon)


class TFAdam:
    """TensorFlow's Adam: θ ← θ − lr·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε̂).

    torch.optim.Adam computes lr/(1−β₁ᵗ) · m/(√v/√(1−β₂ᵗ) + ε). Multiplied out, the two are one for ε = ε̂/√(1−β₂ᵗ), so torch's
    fused kernel does the work and is given that ε anew at each step. With equal settings they differ where gradients are no
    larger than ε: at the first step TensorFlow's ε̂ counts 31.6 times as much as torch's ε, at step 10,000 as much.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], settings: AdamSettings) -> None:
        self.settings = settings
        self.steps = 0
        self._parameters = list(parameters)
        betas = (settings.beta1, settings.beta2)
        self._adam = torch.optim.Adam(
            self._parameters, lr=settings.lr, betas=betas, eps=settings.epsilon, fused=True
        )

    def step(self, gradients: Sequence[Tensor]) -> None:
        """One update with the given gradients, one a parameter, in their order; they are not altered."""
        self.steps += 1
        self._adam.param_groups[0]["eps"] = self.settings.epsilon / math.sqrt(
            1 - self.settings.beta2**self.steps
        )
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = _laid_out_as(parameter, gradient)
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """Both moments of each parameter, contiguous, for a checkpoint; none before the first step."""
        return {
            f"{index}.{name}": self._adam.state[parameter][name].contiguous()
            for index, parameter in enumerate(self._parameters)
            for name in MOMENTS
            if parameter in self._adam.state
        }

    def restore(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        """Go on, to the bit, from what ``tensors`` gave after ``steps`` updates; raises ValueError if they do not fit."""
        if steps == 0:
            return
        self._check(tensors)
        self.steps = steps
        for index, parameter in enumerate(self._parameters):
            state = self._adam.state[parameter]
            state["step"] = torch.tensor(float(steps), device=parameter.device)
            for name in MOMENTS:
                state[name] = torch.empty_like(parameter).copy_(tensors[f"{index}.{name}"])

    def _check(self, tensors: Mapping[str, Tensor]) -> None:
        wanted = {
            f"{index}.{name}": p.shape
            for index, p in enumerate(self._parameters)
            for name in MOMENTS
        }
        found = {name: tensor.shape for name, tensor in tensors.items()}
        if wrong := sorted(
            name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
        ):
            first = wrong[0]
            wants, has = (
                list(shapes[first]) if first in shapes else "nothing" for shapes in (wanted, found)
            )
            raise ValueError(
                f"moments of another network: {first} should be {wants}, is {has} ({len(wrong)} differ); "
                "restore a checkpoint of the same model and network, or start afresh"
            )


def _laid_out_as(parameter: Tensor, gradient: Tensor) -> Tensor:
    """The gradient with the parameter's strides: the fused CPU kernel walks both as flat memory and does not look at them."""
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
