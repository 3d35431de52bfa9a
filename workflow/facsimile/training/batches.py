"""Which rows of a data set a run sees at a step, and the partners of pairs: drawn from (seed, purpose, step), like all else."""

import math

import torch
from torch import Tensor

from facsimile.datasets import Arrays, Data
from facsimile.models.base import rng


def sizes(data: Data) -> tuple[int, ...]:
    """The grid that rows are drawn from: of images the sizes of its factors, of arrays its length."""
    return (len(data),) if isinstance(data, Arrays) else data.factor_sizes


def rows(
    seeds: Tensor, steps: Tensor, batch: int, sizes: tuple[int, ...], paired: bool = False
) -> Tensor:
    """Rows [S, K, batch] that runs draw with replacement, int64; ``paired``: [S, K, 2 · batch], first all, then their partners.

    ``seeds`` [K] and ``steps`` [S] or [S, K] as in rng.py; ``sizes``: of the grid.
    """
    drawn = rng.indices(seeds, steps, "batch", batch, math.prod(sizes))
    return torch.cat((drawn, partners(drawn, seeds, steps, sizes)), -1) if paired else drawn


def partners(drawn: Tensor, seeds: Tensor, steps: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """Of each row [S, K, b] another that differs from it in k factors, k uniform from 1 to all of them.

    Which factors differ is drawn uniformly, and each has another value, drawn uniformly. Locatello et al. (2020,
    "Weakly-supervised disentanglement without compromises", section 5) draw a value again, so that it may stay, and k at most
    one less than all; disentanglement_lib's code takes 1 or k, each half of the time (its issue 31).
    """
    count, batch = len(sizes), drawn.shape[-1]
    k = 1 + rng.indices(seeds, steps, "pairs: how many", batch, count)
    rank = rng.permutations(seeds, steps, "pairs: which", count, batch)
    moves = rng.words(seeds, steps, "pairs: where", count * batch).unflatten(-1, (count, batch))
    found, stride = torch.zeros_like(drawn), 1
    for factor in reversed(range(count)):
        size = sizes[factor]
        value = drawn // stride % size
        other = (value + 1 + (moves[..., factor, :] * (size - 1) >> 32)) % size
        found = found + stride * torch.where(rank[..., factor, :] < k, other, value)
        stride *= size
    return found
