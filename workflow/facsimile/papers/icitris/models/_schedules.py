"""Weights that grow along half a sine, and the updates in which the graph is frozen."""

import math

import torch
from torch import Tensor

# Updates of the released code, in training of about 58,000 updates.
FREEZE, GRAPH_WARM_UP = 10_000, 20_000
CRITIC_START, CRITIC_WARM_UP = 20_000, 50_000
ACYCLIC_START, ACYCLIC_WARM_UP = 10_000, 100_000
# Logarithms of the weight of the penalty on cycles, before and after its warm-up.
ACYCLIC_FIRST, ACYCLIC_LAST = -6.0, 4.0
CRITIC_FIRST = 0.004


def sine(
    step: Tensor | int,
    start: float,
    length: float,
    first: float,
    last: float,
) -> float:
    """Return a weight that is ``first`` until step ``start`` and ``last`` after ``length`` more."""
    share = min(
        max((float(step) - start) / length, 0.0),
        1.0,
    )
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
