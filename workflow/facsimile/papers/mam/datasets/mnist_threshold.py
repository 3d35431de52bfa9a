"""MNIST with a threshold, which stands in for binary MNIST where its files are not at hand."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.table import TEST, TRAINING
from facsimile.datasets.mnist import MNIST, SIDE

LABEL = "MNIST, threshold"
THRESHOLD = 128  # of grey values up to 255


class MNISTThreshold(MNIST):
    """The training images of MNIST: the first 50,000 for training, and 10,000 for test.

    A pixel is white from a grey value of 128 on. In binary MNIST (``binary_mnist``), each pixel is
    drawn with its grey value, so that likelihoods are lower there.

    ``images``: uint8 [n, 28, 28, 1], 0 or 255. ``part``: int64 [n], as in ``SupervisedTable``.
    """

    name = "mnist_threshold"
    part = "train"
    shapes: ClassVar = {
        "images": (SIDE, SIDE, 1),
        "part": (),
    }

    @classmethod
    def training_rows(cls) -> int:
        """Number of rows for training, which come first."""
        return cls.rows * 5 // 6

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        digits = super().generate(source)
        is_white = digits["images"] >= THRESHOLD
        training = cls.training_rows()
        return {
            "images": np.where(is_white, 255, 0).astype(np.uint8),
            "part": np.repeat((TRAINING, TEST), (training, cls.rows - training)),
        }
