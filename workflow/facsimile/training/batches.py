"""What a run draws at a step: the rows of its batch, the partners of pairs, and noise.

As everything random here, these are drawn from (seed, purpose, step) and depend on nothing else.
"""

import math

import torch
from torch import Tensor

from facsimile.datasets import Arrays, Data
from facsimile.datasets.base.sequences import Sequences
from facsimile.models import ArraysModel, Draw, Model
from facsimile.models.base import rng
from facsimile.studies.training import Training


def sizes(data: Data) -> tuple[int, ...]:
    """The grid that rows are drawn from: factor sizes of images, training rows of arrays."""
    if isinstance(data, Arrays):
        return (data.training_rows(),)
    return data.factor_sizes


def drawn(
    model: Model,
    training: Training,
    data: Data,
    seeds: Tensor,
    steps: Tensor,
) -> Tensor:
    """Rows of the batches of a model, int64 [S, K, b], or [S, K, 2 · b] for a model of pairs.

    They are [S, K, b, frames] for a model of neighbouring frames. ``seeds`` and ``steps`` as in
    ``rows``.

    Raises ValueError for a model of neighbouring frames and a data set without them.
    """
    everything = training.batch_size == "all"
    repeated = (len(steps), seeds.numel())
    if isinstance(model, ArraysModel) and model.frames > 1:
        firsts = starts(model, data)
        if everything:
            whole = stretches(firsts, model.frames)
            return whole.expand(*repeated, -1, -1)
        size = training.drawn
        chosen = rng.indices(seeds, steps, "batch", size, len(firsts))
        return stretches(firsts[chosen], model.frames)
    if everything:
        every_row = torch.arange(len(data))
        return every_row.expand(*repeated, -1)
    grid = sizes(data)
    return rows(seeds, steps, training.drawn, grid, model.paired)


def starts(model: ArraysModel, data: Data) -> Tensor:
    """Rows [n] at which the stretches of frames begin that a model is trained on.

    Raises ValueError for a data set without sequences, or whose sequences are too short.
    """
    if not isinstance(data, Sequences):
        raise ValueError(
            f"{type(model).__name__} is trained on {model.frames} neighbouring frames, but the "
            f"rows of {data.name} have no order; use a data set of sequences"
        )
    return torch.from_numpy(data.starts(model.frames))


def stretches(firsts: Tensor, frames: int) -> Tensor:
    """Consecutive rows [..., frames] that begin at the rows ``firsts`` [...]."""
    return firsts[..., None] + torch.arange(frames)


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
