"""What a run draws at a step: the rows of its batch, the partners of pairs, and noise.

As everything random here, these are drawn from (seed, purpose, step) and depend on nothing else.
"""

import math

import torch
from torch import Tensor

from facsimile.datasets import Arrays, Data
from facsimile.models import Draw
from facsimile.models.base import rng


def sizes(data: Data) -> tuple[int, ...]:
    """The grid that rows are drawn from: factor sizes of images, training rows of arrays."""
    if isinstance(data, Arrays):
        return (data.training_rows(),)
    return data.factor_sizes


def rows(
    seeds: Tensor,
    steps: Tensor,
    batch: int,
    sizes: tuple[int, ...],
    paired: bool = False,
) -> Tensor:
    """Draw the rows of a batch with replacement, int64 [S, K, batch].

    With ``paired`` the shape is [S, K, 2 · batch]: first the rows, then their partners in the
    same order. ``seeds`` [K] and ``steps`` [S] or [S, K] as in rng.py; ``sizes`` of the grid.
    """
    drawn = rng.indices(seeds, steps, "batch", batch, math.prod(sizes))
    if not paired:
        return drawn
    partner_rows = partners(drawn, seeds, steps, sizes)
    return torch.cat((drawn, partner_rows), -1)


def partners(
    drawn: Tensor,
    seeds: Tensor,
    steps: Tensor,
    sizes: tuple[int, ...],
) -> Tensor:
    """For each row [S, K, b] draw another row that differs from it in k factors.

    k is uniform from 1 to the number of factors. Which factors differ is drawn uniformly, and each
    of them gets another value, drawn uniformly. Locatello et al. (2020, "Weakly-supervised
    disentanglement without compromises", section 5) draw the value of such a factor again, so that
    it may stay the same, and k at most one less than all; disentanglement_lib's code takes 1 or k,
    each half of the time (its issue 31).
    """
    count = len(sizes)
    batch = drawn.shape[-1]
    k = 1 + rng.indices(seeds, steps, "pairs: how many", batch, count)
    # The k factors of lowest rank differ.
    rank = rng.permutations(seeds, steps, "pairs: which", count, batch)
    words = rng.words(seeds, steps, "pairs: where", count * batch)
    words = words.unflatten(-1, (count, batch))
    partner = torch.zeros_like(drawn)
    stride = 1
    # The last factor varies fastest.
    for factor in reversed(range(count)):
        size = sizes[factor]
        value = drawn // stride % size
        # A 32-bit word scaled to range(size - 1); the value moves by at least 1, so it changes.
        word = words[..., factor, :]
        move = 1 + (word * (size - 1) >> 32)
        other_value = (value + move) % size
        differs = rank[..., factor, :] < k
        partner = partner + stride * torch.where(differs, other_value, value)
        stride *= size
    return partner


def noise(
    seeds: Tensor,
    steps: Tensor,
    name: str,
    draw: Draw,
) -> Tensor:
    """Draw the noise of this name that a model declares, [S, K, ...] with its declared shape.

    Standard normals are float32, permutations int64. ``seeds`` and ``steps`` as in ``rows``.
    """
    if draw.kind == "normal":
        count = math.prod(draw.shape)
        values = rng.normals(seeds, steps, name, count)
        return values.unflatten(-1, draw.shape)
    return rng.permutations(seeds, steps, name, *draw.shape)
