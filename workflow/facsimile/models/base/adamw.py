"""AdamW as torch computes it, with warm-up, cosine decay and clipping of gradients."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base.adam import AdamSettings, TFAdam


@dataclass(frozen=True)
class AdamWSettings:
    """Settings of AdamW (Loshchilov and Hutter 2019, "Decoupled weight decay regularization").

    Args:
        lr: highest learning rate.
        steps: updates in which the rate falls from ``lr`` to ``least`` times ``lr`` along half a
            cosine; 0 for a constant rate.
        warm_up: updates in which the rate also grows linearly from 0, beginning with 0.
        least: fraction of the rate that is left at the end.
        weight_decay: each update multiplies parameters by 1 − rate · ``weight_decay``.
        clip: largest norm of the gradients of all parameters of the group together; larger ones are
            scaled down. 0 for no limit.
        beta1: decay rate of the first moment.
        beta2: decay rate of the second moment.
        epsilon: torch's ε, which is added to the corrected root of the second moment.
    """

    lr: float
    steps: int = 0
    warm_up: int = 0
    least: float = 0.05
    weight_decay: float = 0.0
    clip: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def rate(self, step: int) -> float:
        """Return the learning rate of an update; the first one is ``step`` 0."""
        rate = self.lr
        if self.steps:
            angle = math.pi * step / self.steps
            falling = (1 + math.cos(angle)) / 2
            rate *= falling * (1 - self.least) + self.least
        if step < self.warm_up:
            rate *= step / self.warm_up
        return rate


class AdamW(TFAdam):
    """AdamW: θ ← (1 − lr·decay)·θ − lr/(1−β₁ᵗ) · m/(√v/√(1−β₂ᵗ) + ε).

    Args:
        parameters: parameters to update.
        settings: learning rate, its course, weight decay and clipping.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        settings: AdamWSettings,
    ) -> None:
        super().__init__(parameters, AdamSettings(settings.lr))
        self.course = settings

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """Update the parameters; ``gradients`` has one per parameter, in the same order."""
        course = self.course
        rate = course.rate(self.steps)
        if course.weight_decay:
            for parameter in self._parameters:
                parameter.mul_(1 - rate * course.weight_decay)
        # With this epsilon hat, TensorFlow's Adam is torch's at this step.
        count = self.steps + 1
        epsilon_hat = course.epsilon * math.sqrt(1 - course.beta2**count)
        self.settings = AdamSettings(rate, course.beta1, course.beta2, epsilon_hat)
        if course.clip:
            gradients = clipped(gradients, course.clip)
        super().step(gradients)


def clipped(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Return gradients whose common norm is at most ``limit``, as torch's ``clip_grad_norm_``."""
    norms = torch.stack([gradient.norm() for gradient in gradients])
    scale = limit / (norms.norm() + 1e-6)
    factor = scale.clamp(max=1)
    return [gradient * factor for gradient in gradients]
