"""The training images of MNIST, of which some are held out, in the order in which they get labels.

The protocol of the peers who measured CCVAE on MNIST.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.mnist import DIGITS, MNIST, SIDE
from facsimile.papers.ccvae.datasets import _split

LABEL = "MNIST"


class MNISTSplit(MNIST):
    """48,600 images of MNIST for training, 5,400 for validation and 6,000 for test.

    All are training images of MNIST, as in MattX20/CCVAE_Jax (3b3d4b6). The division is the same
    for all runs; there, each seed has its own.

    ``images``: uint8 [n, 28, 28, 1]. ``targets``: int64 [n, 10], 1 for the digit and 0 elsewhere.
    ``part``: int64 [n], as in ``SupervisedTable``. ``rank``: float32 [n], of ``label_ranks``.
    """

    name = "mnist_split"
    part = "train"
    shapes: ClassVar = {
        "images": (SIDE, SIDE, 1),
        "targets": (DIGITS,),
        "part": (),
        "rank": (),
    }

    @classmethod
    def training_rows(cls) -> int:
        """Number of rows for training, which come first."""
        return _split.sizes(cls.rows)[0]

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        digits = super().generate(source)
        targets = np.eye(DIGITS, dtype=np.int64)[digits["labels"]]
        arrays = {"images": digits["images"], "targets": targets}
        return _split.split(arrays, cls.rows)
