"""The quadratic bilevel problem of the released script, drawn as PyTorch draws it."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

LABEL = "Quadratic"
ROWS, SIDE = 1000, 10
SEED = 29
NOISE = np.float32(0.01)
FILLED = 16  # numbers that PyTorch makes normal at a time
Floats = npt.NDArray[np.float32]


class BilevelQuadratic(Arrays):
    """One row per equation of the two least-squares problems.

    The lower level is f(x, t) = |A₂ x + A₃ t - b₂|² / 2, the upper level g(x) = |A₁ x - b₁|² / 2,
    with matrices [1000, 10] uniform in [0, 1]. ``begin`` is the x that algorithms start from, the
    same in each row.
    """

    name = "bilevel_quadratic"
    rows = ROWS
    shapes: ClassVar = {
        "a1": (SIDE,),
        "a2": (SIDE,),
        "a3": (SIDE,),
        "b1": (),
        "b2": (),
        "begin": (SIDE,),
    }
    licence = "none needed: generated"
    source = "MohammadSadeghSalehi/MAID, Quadratic.py (seed 29)"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        stream = Stream(SEED)
        a1, a2, a3 = (stream.uniform(ROWS * SIDE).reshape(ROWS, SIDE) for _ in range(3))
        x1, x2, true_t = (stream.uniform(SIDE) for _ in range(3))
        y1, y2 = stream.normal(ROWS), stream.normal(ROWS)
        return {
            "a1": a1,
            "a2": a2,
            "a3": a3,
            "b1": a1 @ x1 + NOISE * y1,
            "b2": a2 @ x2 + a3 @ true_t + NOISE * y2,
            "begin": np.tile(x2, (ROWS, 1)),
        }


class Stream:
    """The numbers of ``torch.rand`` and ``torch.randn`` on a processor, without torch.

    Both use the Mersenne twister that NumPy has, too.
    """

    def __init__(self, seed: int) -> None:
        self._words = np.random.RandomState(seed)

    def uniform(self, n: int) -> Floats:
        """Return n numbers in [0, 1), as ``torch.rand``: the lower 24 bits of a word each."""
        words = self._words.randint(0, 2**32, n, np.uint32)
        lower: Floats = (words & 0xFFFFFF).astype(np.float32) / np.float32(2**24)
        return lower

    def normal(self, n: int) -> Floats:
        """Return n standard normals, as ``torch.randn`` for 16 or more, by Box and Muller.

        They are made in blocks of 16, the last of which is drawn again if n is no multiple of 16.
        Logarithms and cosines may differ in the last bit.
        """
        uniform = self.uniform(n)
        whole = n - n % FILLED
        normal = np.empty(n, np.float32)
        normal[:whole] = _box_muller(uniform[:whole])
        if whole < n:
            normal[-FILLED:] = _box_muller(self.uniform(FILLED))
        return normal


def _box_muller(uniform: Floats) -> Floats:
    """Return normals from uniform numbers, in blocks of 16: eight radii, then eight angles."""
    blocks = uniform.reshape(-1, 2, FILLED // 2)
    radius = np.sqrt(-2 * np.log(1 - blocks[:, 0]))
    angle = np.float32(2 * np.pi) * blocks[:, 1]
    normal = np.stack((radius * np.cos(angle), radius * np.sin(angle)), 1)
    return normal.astype(np.float32).reshape(-1)
