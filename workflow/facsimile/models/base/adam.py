"""Adam as TensorFlow computes it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

MOMENTS = ("exp_avg", "exp_avg_sq")  # torch's names


class TrainingAdam(Protocol):
    """The settings of Adam in a study file."""

    lr: float
    beta1: float
    beta2: float
    epsilon: float


@dataclass(frozen=True)
class AdamSettings:
    """Settings of Adam.

    Args:
        lr: learning rate.
        beta1: decay rate of the first moment.
        beta2: decay rate of the second moment.
        epsilon: "epsilon hat" (Kingma and Ba 2015, end of section 2).
    """

    lr: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    @classmethod
    def of(cls, training: TrainingAdam) -> "AdamSettings":
        """Return the settings from the study file."""
        return cls(training.lr, training.beta1, training.beta2, training.epsilon)


class TFAdam:
    """TensorFlow's Adam: θ ← θ − lr·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε̂).

    torch.optim.Adam computes lr/(1−β₁ᵗ) · m/(√v/√(1−β₂ᵗ) + ε). The two are equal if
    ε = ε̂/√(1−β₂ᵗ), so this class calls torch's fused kernel and sets that ε before each step. With
    equal settings they differ where gradients are not larger than ε: TensorFlow's ε̂ has 31.6 times
    the weight of torch's ε at the first step, and the same weight at step 10,000.

    Args:
        parameters: parameters to update.
        settings: learning rate, decay rates and epsilon hat.

    Example::

        >>> adam = TFAdam(list(network.parameters()), AdamSettings(lr=1e-4))
        >>> adam.step(torch.autograd.grad(loss, list(network.parameters())))
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        settings: AdamSettings,
    ) -> None:
        self.settings = settings
        self.steps = 0
        self._parameters = list(parameters)
        betas = (settings.beta1, settings.beta2)
        self._adam = torch.optim.Adam(
            self._parameters,
            lr=settings.lr,
            betas=betas,
            eps=settings.epsilon,
            fused=True,
        )

    def step(self, gradients: Sequence[Tensor]) -> None:
        """Update the parameters.

        Args:
            gradients: one gradient per parameter, in the order of the parameters; not modified.
        """
        self.steps += 1
        correction = math.sqrt(1 - self.settings.beta2**self.steps)
        group = self._adam.param_groups[0]
        group["eps"] = self.settings.epsilon / correction
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = _with_layout_of(parameter, gradient)
        self._adam.step()
        # Frees the gradients; the next step sets new ones.
        self._adam.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """Return both moments of each parameter, contiguous; empty before the first step."""
        moments: dict[str, Tensor] = {}
        for index, parameter in enumerate(self._parameters):
            if parameter in self._adam.state:
                state = self._adam.state[parameter]
                moments |= {f"{index}.{name}": state[name].contiguous() for name in MOMENTS}
        return moments

    def restore(
        self,
        tensors: Mapping[str, Tensor],
        steps: int,
    ) -> None:
        """Resume from a checkpoint; the updates that follow have the same bits as without a break.

        Args:
            tensors: what ``tensors`` returned.
            steps: number of updates at that time.

        Raises:
            ValueError: names or shapes do not match the parameters.
        """
        if steps == 0:
            return
        self._check(tensors)
        self.steps = steps
        for index, parameter in enumerate(self._parameters):
            state = self._adam.state[parameter]
            # The fused kernel expects the number of steps as a float on the parameter's device.
            state["step"] = torch.tensor(float(steps), device=parameter.device)
            for name in MOMENTS:
                moment = torch.empty_like(parameter)  # with the layout of the parameter
                state[name] = moment.copy_(tensors[f"{index}.{name}"])

    def _check(self, tensors: Mapping[str, Tensor]) -> None:
        """Raise ValueError if names or shapes of stored moments do not match the parameters."""
        expected: dict[str, torch.Size] = {}
        for index, parameter in enumerate(self._parameters):
            expected |= {f"{index}.{name}": parameter.shape for name in MOMENTS}
        actual = {name: tensor.shape for name, tensor in tensors.items()}
        names = sorted(expected.keys() | actual.keys())
        wrong = [name for name in names if expected.get(name) != actual.get(name)]
        if wrong:
            first = wrong[0]
            raise ValueError(
                f"moments of another network: {first} should be {_shape(expected, first)}, "
                f"is {_shape(actual, first)} ({len(wrong)} differ); restore a checkpoint of the "
                "same model and network, or restart the run from the beginning"
            )


def _shape(shapes: Mapping[str, torch.Size], name: str) -> str:
    return str(list(shapes[name])) if name in shapes else "absent"


def _with_layout_of(parameter: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient with the strides of the parameter.

    The fused CPU kernel reads both as flat memory and ignores their strides.
    """
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
