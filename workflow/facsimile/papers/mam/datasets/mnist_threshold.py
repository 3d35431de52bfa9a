"""MNIST with a threshold, which stands in for binary MNIST where its files are not at hand."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.table import TEST, TRAINING
from facsimile.datasets.mnist import MNIST, SIDE

LABELS = {
    "mnist_threshold": "MNIST, threshold",
    "mnist_threshold_14": "MNIST, threshold, 14 x 14",
}
MEMBERS = {
    "mnist_threshold": {"part": "train", "block": 1},
    "mnist_threshold_14": {"part": "train", "block": 2},
}
THRESHOLD = 128  # of grey values up to 255


class MNISTThreshold(MNIST):
    """The training images of MNIST: the first 50,000 for training, and 10,000 for test.

    A pixel is white from a grey value of 128 on, which for 14 x 14 pixels is the mean of four. In
    binary MNIST (``binary_mnist``), each pixel is drawn with its grey value, so that likelihoods
    are lower there.

    ``images``: uint8 [n, 28, 28, 1] or [n, 14, 14, 1], 0 or 255. ``part``: int64 [n], as in
    ``SupervisedTable``.
    """

    block: ClassVar[int]  # side of the square of pixels that become one

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "block" in vars(cls):
            side = SIDE // cls.block
            cls.shapes = {
                "images": (side, side, 1),
                "part": (),
            }

    @classmethod
    def training_rows(cls) -> int:
        """Number of rows for training, which come first."""
        return cls.rows * 5 // 6

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        digits = super().generate(source)
        side = SIDE // cls.block
        squares = digits["images"].reshape(cls.rows, side, cls.block, side, cls.block)
        is_white = squares.mean((2, 4)) >= THRESHOLD
        training = cls.training_rows()
        return {
            "images": np.where(is_white, 255, 0).astype(np.uint8)[..., None],
            "part": np.repeat((TRAINING, TEST), (training, cls.rows - training)),
        }
