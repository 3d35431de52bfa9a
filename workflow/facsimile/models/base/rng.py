"""Counter-based random numbers: functions of (seed, purpose, step, position) and nothing else.

This is Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") in int64
tensor arithmetic, so that the same code runs on any device, for many runs and steps at once. There
is no state to save: a run that is resumed, moved to another shard or trained together with others
sees the same batches, the same noise and the same initial weights.

Most functions below take these arguments:

- ``seeds`` [K]: seed of each run, int64.
- ``steps``: step of training, int64; [S] if all runs are at the same steps, or [S, K].
- ``purpose``: name of the stream, e.g. ``"batch"``. Streams of different purposes are independent.

They return tensors [S, K, ...]. Example::

    >>> seeds, steps = torch.tensor([0, 1, 2]), torch.tensor([100, 101])
    >>> rng.normals(seeds, steps, "z", 640).shape
    torch.Size([2, 3, 640])
"""

import math
import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# The multipliers of Philox4x32 and the increments of its key.
_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_U32 = 0xFFFFFFFF


def philox(
    counter: tuple[Tensor, ...],
    key: tuple[Tensor, Tensor],
    rounds: int = 10,
) -> tuple[Tensor, ...]:
    """Encrypt counters of four 32-bit words under keys of two.

    Args:
        counter: four int64 tensors that hold uint32 values, all of one shape.
        key: two such tensors.
        rounds: rounds of the cipher.

    Returns:
        Four int64 tensors of the same shape that hold uint32 values.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(rounds):
        # An int64 product wraps modulo 2**64, so its 64 bits are those of the unsigned product.
        p0, p1 = c0 * _M0, c2 * _M1
        high0, low0 = (p0 >> 32) & _U32, p0 & _U32
        high1, low1 = (p1 >> 32) & _U32, p1 & _U32
        c0, c1 = high1 ^ c1 ^ k0, low1
        c2, c3 = high0 ^ c3 ^ k1, low0
        k0 = (k0 + _W0) & _U32
        k1 = (k1 + _W1) & _U32
    return c0, c1, c2, c3


def words(
    seeds: Tensor,
    steps: Tensor,
    purpose: str,
    n: int,
) -> Tensor:
    """Return ``n`` uniform 32-bit words per step and seed, as int64 [S, K, n]."""
    blocks = (n + 3) // 4  # Philox yields four words per counter
    shape = (len(steps), seeds.numel(), blocks)
    position = torch.arange(blocks, dtype=torch.int64, device=seeds.device)
    position = position.view(1, 1, -1).expand(shape)
    if steps.dim() == 1:
        steps = steps[:, None]
    step = steps[..., None].expand(shape)
    low_seed = (seeds & _U32).view(1, -1, 1).expand(shape)
    high_seed = (seeds >> 32).view(1, -1, 1).expand(shape)
    stream = torch.full_like(position, zlib.crc32(purpose.encode()))
    counter = (position, step & _U32, step >> 32, high_seed)
    four_words = philox(counter, (low_seed, stream))
    return torch.stack(four_words, -1).flatten(2)[..., :n]


def indices(
    seeds: Tensor,
    steps: Tensor,
    purpose: str,
    n: int,
    size: int,
) -> Tensor:
    """Sample ``n`` integers from ``range(size)`` with replacement, int64 [S, K, n].

    Probabilities deviate from uniform by less than size / 2**32.
    """
    return (words(seeds, steps, purpose, n) * size) >> 32


def uniforms(
    seeds: Tensor,
    steps: Tensor,
    purpose: str,
    n: int,
) -> Tensor:
    """Return ``n`` uniforms in the open interval (0, 1), float64 [S, K, n]."""
    drawn = words(seeds, steps, purpose, n).to(torch.float64)
    return (drawn + 0.5) * 2.0**-32


def normals(
    seeds: Tensor,
    steps: Tensor,
    purpose: str,
    n: int,
) -> Tensor:
    """Return ``n`` standard normals, float32 [S, K, n].

    The Box-Muller transform is computed in float64 and rounded once, so that devices whose float64
    logarithms differ in the last bit nearly always agree.
    """
    pairs = (n + 1) // 2  # two uniforms yield two normals
    u = uniforms(seeds, steps, purpose, 2 * pairs)
    radius = torch.sqrt(-2.0 * torch.log(u[..., 0::2]))
    angle = 2.0 * math.pi * u[..., 1::2]
    x = radius * torch.cos(angle)
    y = radius * torch.sin(angle)
    drawn = torch.stack((x, y), -1).flatten(2)
    return drawn[..., :n].to(torch.float32)


def permutations(
    seeds: Tensor,
    steps: Tensor,
    purpose: str,
    length: int,
    n: int,
) -> Tensor:
    """Return ``n`` independent permutations of ``range(length)``, int64 [S, K, length, n].

    Column j holds the j-th permutation.
    """
    # The order that sorts random keys is a random permutation.
    keys = words(seeds, steps, purpose, length * n).unflatten(-1, (length, n))
    return torch.sort(keys, dim=-2, stable=True)[1]


def uniforms_for(
    seed: int,
    step: int,
    purpose: str,
    shape: Sequence[int],
    device: torch.device | None = None,
) -> Tensor:
    """Return the uniforms of one run and step, float64 of any shape."""
    key = torch.tensor([seed, step], device=device)
    return uniforms(key[:1], key[1:], purpose, math.prod(shape)).view(tuple(shape))


def normals_for(
    seed: int,
    step: int,
    purpose: str,
    shape: Sequence[int],
) -> Tensor:
    """Return the standard normals of one run and step, float32 of any shape."""
    key = torch.tensor([seed, step])
    return normals(key[:1], key[1:], purpose, math.prod(shape)).view(tuple(shape))


def generator(
    seed: int,
    purpose: str,
    step: int,
) -> np.random.Generator:
    """Return a NumPy generator for one seed, purpose and step.

    Stochastic data sets draw their images from it.
    """
    stream = zlib.crc32(purpose.encode())
    key = np.array([seed, stream], np.uint64)
    philox4x64 = np.random.Philox(key=key, counter=[0, step, 0, 0])
    return np.random.Generator(philox4x64)
