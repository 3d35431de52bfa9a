"""MNIST: 60,000 training and 10,000 test images of digits (LeCun, Cortes and Burges 1998)."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets import _idx
from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.official import Official

LABELS = {
    "mnist": "MNIST",
    "mnist_test": "MNIST (test)",
}
SIDE = 28
DIGITS = 10
MEMBERS = {
    "mnist": {"part": "train"},
    "mnist_test": {"part": "t10k"},
}
# The authors' own address, which comes first, often refuses to serve the files.
_ADDRESSES = (
    "http://yann.lecun.com/exdb/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)
_CHECKSUM_FROM = (
    "not the authors'; torchvision's (datasets/mnist.py), unpacked secml's (c_dataloader_mnist.py)"
)


def official(
    name: str,
    size: int,
    md5: str,
    md5_unpacked: str,
) -> Official:
    """One of the four official files, which can be gzipped or not.

    ``size`` and ``md5`` are those of the gzipped file.
    """
    return Official(
        f"{name}.gz",
        tuple(f"{address}/{name}.gz" for address in _ADDRESSES),
        size,
        checksum=f"md5:{md5}",
        checksum_from=_CHECKSUM_FROM,
        unpacked=name,
        unpacked_checksum=f"md5:{md5_unpacked}",
    )


ROWS = {
    "train": 60_000,
    "t10k": 10_000,
}
FILES = {
    "train": (
        official(
            "train-images-idx3-ubyte",
            9_912_422,
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "6bbc9ace898e44ae57da46a324031adb",
        ),
        official(
            "train-labels-idx1-ubyte",
            28_881,
            "d53e105ee54ea40749a09fcbcd1e9432",
            "a25bea736e30d166cdddb491f175f624",
        ),
    ),
    "t10k": (
        official(
            "t10k-images-idx3-ubyte",
            1_648_877,
            "9fb629c4189551a2d022fa330f9573f3",
            "2646ac647ad5339dbf082846283269ea",
        ),
        official(
            "t10k-labels-idx1-ubyte",
            4_542,
            "ec29112dd5afa0611ce80d1b7f02629c",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
}


class MNIST(ArchivedArrays):
    """The training or the test images of MNIST, in the order of the official files.

    ``images``: uint8 [n, 28, 28, 1], 0 to 255. ``labels``: int64 [n], the digits.
    """

    shapes: ClassVar = {
        "images": (SIDE, SIDE, 1),
        "labels": (),
    }
    licence = "CC BY-SA 3.0"
    source = "http://yann.lecun.com/exdb/mnist"
    part: ClassVar[str]  # "train" or "t10k", as in the names of the official files

    def __init_subclass__(cls) -> None:
        if "part" in vars(cls):
            cls.rows = ROWS[cls.part]
            cls.files = FILES[cls.part]

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        paths = cls.downloaded(source)
        images_path, labels_path = [paths[file.name] for file in cls.files]
        images = _idx.read(images_path, (cls.rows, SIDE, SIDE))
        labels = _idx.read(labels_path, (cls.rows,))
        if labels.max() >= DIGITS:
            raise DatasetError(
                f"{labels_path}: image {labels.argmax()} has the label {labels.max()}, "
                "which is not a digit; download it again"
            )
        return {
            "images": images[..., None],
            "labels": labels.astype(np.int64),
        }
