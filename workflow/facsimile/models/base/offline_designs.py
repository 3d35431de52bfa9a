"""Offline optimisation: start from the best designs at hand, climb a model's score, and decode.

Data sets have the arrays ``sequence`` [n, L], ``offline`` [n], ``x`` [n, L (k - 1)] and ``y`` [n],
as ``datasets/tf_bind_8.py`` has.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from facsimile.datasets.base.letter_logits import LetterLogits

Objective = Callable[[Tensor], Tensor]


def ascend(
    objective: Objective,
    start: Tensor,
    rate: float,
    steps: int,
) -> Tensor:
    """Return the points after steps of gradient ascent, each point on its own: x + rate · ∇f(x).

    Args:
        objective: maps points [n, d] to values [n].
        start: points [n, d].
        rate: step size; negative values descend.
        steps: number of steps.
    """
    x = start.detach()
    for _ in range(steps):
        with torch.enable_grad():
            x = x.requires_grad_()
            (gradient,) = torch.autograd.grad(objective(x).sum(), x)
        x = x.detach() + rate * gradient
    return x


def is_offline(
    data: Mapping[str, Any],
) -> npt.NDArray[np.bool_]:
    """Which rows of a data set an offline optimiser may see, bool [n]."""
    return np.asarray(data["offline"]).astype(np.int64) == 1


def best_rows(
    y: npt.NDArray[np.floating],
    n: int,
) -> npt.NDArray[np.intp]:
    """Return the indices of the n largest values, the largest first; of equal ones the first."""
    return np.argsort(-np.asarray(y), kind="stable")[:n]


def letter_logits(data: Mapping[str, Any]) -> LetterLogits:
    """The encoding of a data set, from its offline sequences and the shape of ``x``."""
    sequences = np.asarray(data["sequence"]).astype(np.int64)
    letters = data["x"].shape[1] // sequences.shape[1] + 1
    return LetterLogits.of(sequences[is_offline(data)], letters)
