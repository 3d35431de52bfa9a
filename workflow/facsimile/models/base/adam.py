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
    ε = ε̂/√(1−β₂ᵗ), so this class calls torch's fused kernel with that ε at each step. With
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
        self._parameters: list[Tensor] = list(parameters)
        self._first: list[Tensor] = []
        self._second: list[Tensor] = []
        # The fused kernel expects the number of steps as a float per parameter, on its device.
        self._counts: list[Tensor] = []

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """Update the parameters.

        Args:
            gradients: one gradient per parameter, in the order of the parameters; not modified.
        """
        if not self._first:
            self._first = _zeros(self._parameters)
            self._second = _zeros(self._parameters)
            self._set_counts()
        self.steps += 1
        torch._foreach_add_(self._counts, 1)
        aligned: list[Tensor] = []
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            aligned.append(_with_layout_of(parameter, gradient))
        correction = math.sqrt(1 - self.settings.beta2**self.steps)
        # The kernel that torch.optim.Adam calls. Any optimiser of torch.optim imports torch's
        # compiler first, which takes a second.
        torch._fused_adam_(
            self._parameters,
            aligned,
            self._first,
            self._second,
            [],
            self._counts,
            amsgrad=False,
            lr=self.settings.lr,
            beta1=self.settings.beta1,
            beta2=self.settings.beta2,
            weight_decay=0.0,
            eps=self.settings.epsilon / correction,
            maximize=False,
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return both moments of each parameter, contiguous; empty before the first step."""
        moments: dict[str, Tensor] = {}
        for index, pair in enumerate(zip(self._first, self._second, strict=True)):
            for name, moment in zip(MOMENTS, pair, strict=True):
                moments[f"{index}.{name}"] = moment.contiguous()
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
        self._first = self._restored(tensors, MOMENTS[0])
        self._second = self._restored(tensors, MOMENTS[1])
        self._set_counts()

    def _restored(
        self,
        tensors: Mapping[str, Tensor],
        name: str,
    ) -> list[Tensor]:
        """Return a stored moment of each parameter, with the layout of the parameter."""
        restored: list[Tensor] = []
        for index, moment in enumerate(_zeros(self._parameters)):
            restored.append(moment.copy_(tensors[f"{index}.{name}"]))
        return restored

    def _set_counts(self) -> None:
        count = torch.tensor(float(self.steps))
        self._counts = [count.to(parameter.device, copy=True) for parameter in self._parameters]

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


def _zeros(parameters: Sequence[Tensor]) -> list[Tensor]:
    """Return a tensor of zeros per parameter, with its layout."""
    return [torch.zeros_like(parameter) for parameter in parameters]


def _shape(shapes: Mapping[str, torch.Size], name: str) -> str:
    return str(list(shapes[name])) if name in shapes else "absent"


def _with_layout_of(parameter: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient with the strides of the parameter.

    The fused CPU kernel reads both as flat memory and ignores their strides.
    """
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
