"""Counter-based random numbers: what a run draws depends on (seed, purpose, step, position) and on nothing else.

Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") in int64 tensor arithmetic, so the same code
runs on any device and for any number of runs and steps at once. There is no state to save: a run that is resumed, moved to
another shard or trained beside others sees the same batches, the same noise and the same initial weights.

Every function below takes ``seeds`` [K] and ``steps``, [S] or, where each run is at a step of its own, [S, K], and answers
[S, K, ...].
"""

import math
import zlib

import numpy as np
import torch
from torch import Tensor

_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_U32 = 0xFFFFFFFF


def philox(
    counter: tuple[Tensor, ...], key: tuple[Tensor, Tensor], rounds: int = 10
) -> tuple[Tensor, ...]:
    """Four 32-bit words for each counter of four words, under a key of two; all int64 tensors that hold uint32 values."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(rounds):
        # An int64 product wraps modulo 2**64, so its 64 bits are those of the unsigned product.
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (
            ((p1 >> 32) & _U32) ^ c1 ^ k0,
            p1 & _U32,
            ((p0 >> 32) & _U32) ^ c3 ^ k1,
            p0 & _U32,
        )
        k0, k1 = (k0 + _W0) & _U32, (k1 + _W1) & _U32
    return c0, c1, c2, c3


def words(seeds: Tensor, steps: Tensor, purpose: str, n: int) -> Tensor:
    """``n`` uniform 32-bit words per (step, seed), as int64 [S, K, n]; streams of different purposes are independent."""
    blocks = (n + 3) // 4
    shape = (len(steps), seeds.numel(), blocks)
    position = (
        torch.arange(blocks, dtype=torch.int64, device=seeds.device).view(1, 1, -1).expand(shape)
    )
    step = (steps if steps.dim() == 2 else steps[:, None])[..., None].expand(shape)
    key = (seeds & _U32).view(1, -1, 1).expand(shape)
    high = (seeds >> 32).view(1, -1, 1).expand(shape)
    stream = torch.full_like(position, zlib.crc32(purpose.encode()))
    drawn = philox((position, step & _U32, step >> 32, high), (key, stream))
    return torch.stack(drawn, -1).flatten(2)[..., :n]


def indices(seeds: Tensor, steps: Tensor, purpose: str, n: int, size: int) -> Tensor:
    """``n`` draws with replacement from range(size), int64 [S, K, n]; the bias is below size / 2**32."""
    return (words(seeds, steps, purpose, n) * size) >> 32


def uniforms(seeds: Tensor, steps: Tensor, purpose: str, n: int) -> Tensor:
    """``n`` uniforms in the open interval (0, 1), float64 [S, K, n]."""
    return (words(seeds, steps, purpose, n).to(torch.float64) + 0.5) * 2.0**-32


def normals(seeds: Tensor, steps: Tensor, purpose: str, n: int) -> Tensor:
    """``n`` standard normals, float32 [S, K, n].

    Box-Muller in float64, rounded once, so that devices whose float64 logarithm differs in the last bit nearly always agree.
    """
    u = uniforms(seeds, steps, purpose, 2 * ((n + 1) // 2))
    radius, angle = torch.sqrt(-2.0 * torch.log(u[..., 0::2])), 2.0 * math.pi * u[..., 1::2]
    pairs = torch.stack((radius * torch.cos(angle), radius * torch.sin(angle)), -1)
    return pairs.flatten(2)[..., :n].to(torch.float32)


def permutations(seeds: Tensor, steps: Tensor, purpose: str, length: int, n: int) -> Tensor:
    """``n`` independent permutations of range(length), int64 [S, K, length, n]: column j holds the j-th permutation."""
    keys = words(seeds, steps, purpose, length * n).unflatten(-1, (length, n))
    return torch.sort(keys, dim=-2, stable=True)[1]


def generator(seed: int, purpose: str, step: int) -> np.random.Generator:
    """NumPy's generator for one (seed, purpose, step): what a data set that redraws its images at every read draws from."""
    key = np.array([seed, zlib.crc32(purpose.encode())], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, step, 0, 0]))
