"""Noisy drawn patterns in the form of ``mnist_once``, for small scales without official files."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

LABEL = "Drawn patterns"
SIDE, CLASSES = 28, 10
SHOWN, HELD_OUT = 640, 320
SEED = 0


class DrawnPatterns(Arrays):
    """Ten patterns of 7 × 7 random squares, each pixel of an image with noise of its own.

    ``images``: uint8 [n, 784]. ``labels``: int64 [n]. ``task``: int64 [n], 0. ``held_out``: int64
    [n], 1 for images for test.
    """

    name = "drawn_patterns"
    rows = SHOWN + HELD_OUT
    shapes: ClassVar = {
        "images": (SIDE**2,),
        "labels": (),
        "task": (),
        "held_out": (),
    }
    licence = "none needed: generated"
    source = "drawn by this project"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.default_rng(SEED)
        squares = random.integers(0, 2, (CLASSES, SIDE // 4, SIDE // 4))
        patterns = squares.repeat(4, 1).repeat(4, 2).reshape(CLASSES, SIDE**2)
        labels = np.arange(cls.rows) % CLASSES
        grey = 200 * patterns[labels] + random.integers(0, 56, (cls.rows, SIDE**2))
        return {
            "images": grey.astype(np.uint8),
            "labels": labels.astype(np.int64),
            "task": np.zeros(cls.rows, np.int64),
            "held_out": np.repeat((0, 1), (SHOWN, HELD_OUT)),
        }
