"""MNIST, its 60,000 training images and its 10,000 test images (LeCun, Cortes and Burges 1998)."""

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
MEMBERS = {"mnist": {"part": "train"}, "mnist_test": {"part": "t10k"}}
_PLACES = (
    "http://yann.lecun.com/exdb/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)


def official(name: str, size: int, md5: str, md5_unpacked: str) -> Official:
    """One of the four files, gzipped or not; the authors' own address often refuses to serve it."""
    addresses = tuple(f"{place}/{name}.gz" for place in _PLACES)
    source = "not the authors'; torchvision's (datasets/mnist.py), unpacked secml's (c_dataloader_mnist.py)"
    return Official(
        f"{name}.gz", addresses, size, f"md5:{md5}", source, name, f"md5:{md5_unpacked}"
    )


ROWS = {"train": 60_000, "t10k": 10_000}
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
    """A part of MNIST, in the order of its files: ``images`` [n, 28, 28, 1], 0 to 255, and ``labels`` [n], the digits."""

    shapes: ClassVar = {"images": (SIDE, SIDE, 1), "labels": ()}
    licence = "CC BY-SA 3.0"
    source = "http://yann.lecun.com/exdb/mnist"
    part: ClassVar[str]

    def __init_subclass__(cls) -> None:
        if "part" in vars(cls):
            cls.rows, cls.files = ROWS[cls.part], FILES[cls.part]

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        paths = [cls.located(source)[file.name] for file in cls.files]
        images = _idx.read(paths[0], (cls.rows, SIDE, SIDE))[..., None]
        labels = _idx.read(paths[1], (cls.rows,)).astype(np.int64)
        if labels.max() >= DIGITS:
            raise DatasetError(
                f"{paths[1]}: image {labels.argmax()} is called {labels.max()}, no digit; download it again"
            )
        return {"images": images, "labels": labels}
