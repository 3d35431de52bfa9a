"""What changes along training: the rate of the graph, and weights that grow along half a sine."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models.base.adamw import AdamWSettings

# Updates of the released code, in training of about 58,000 updates.
FREEZE, GRAPH_WARM_UP = 10_000, 20_000
CRITIC_START, CRITIC_WARM_UP = 20_000, 50_000
ACYCLIC_START, ACYCLIC_WARM_UP = 10_000, 100_000
# Logarithms of the weight of the penalty on cycles, before and after its warm-up.
ACYCLIC_FIRST, ACYCLIC_LAST = -6.0, 4.0
CRITIC_FIRST = 0.004


@dataclass(frozen=True)
class DelayedSettings(AdamWSettings):
    """AdamW whose rate is 0 for ``freeze`` updates and then grows during ``warm_up`` of them."""

    freeze: int = 0

    def rate(self, step: int) -> float:
        """Return the learning rate of an update; the first one is ``step`` 0."""
        without = AdamWSettings(self.lr, self.steps, least=self.least)
        past = max(0, step - self.freeze)
        share = min(1.0, past / max(1, self.warm_up))
        return share * without.rate(step)


def sine(
    step: Tensor | int,
    start: float,
    length: float,
    first: float,
    last: float,
) -> float:
    """Return a weight that is ``first`` until step ``start`` and ``last`` after ``length`` more."""
    share = min(max((float(step) - start) / length, 0.0), 1.0)
    return first + (last - first) * (1 - math.cos(math.pi * share)) / 2


def critic_weight(step: Tensor | int, shorter: float) -> float:
    """Return the probability with which the critic is shown causes in the same frame."""
    return sine(
        step,
        CRITIC_START / shorter,
        CRITIC_WARM_UP / shorter,
        CRITIC_FIRST,
        1.0,
    )


def acyclic_weight(step: Tensor | int, shorter: float) -> float:
    """Return the weight of the penalty on cycles of NOTEARS."""
    logarithm = sine(
        step,
        ACYCLIC_START / shorter,
        ACYCLIC_WARM_UP / shorter,
        ACYCLIC_FIRST,
        ACYCLIC_LAST,
    )
    return math.exp(logarithm)


def cycles(probabilities: Tensor) -> Tensor:
    """Return tr exp(A) - k of edge probabilities [k, k]; 0 if there are no cycles."""
    return torch.trace(torch.matrix_exp(probabilities)) - len(probabilities)
