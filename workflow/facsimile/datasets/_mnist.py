"""What the two parts of MNIST share (LeCun, Cortes and Burges 1998): images of 28 × 28 pixels and their digits."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets import _idx
from facsimile.datasets._archived import ArchivedArrays
from facsimile.datasets._file import DatasetError
from facsimile.datasets._official import Official

SIDE = 28
DIGITS = 10
_PLACES = (
    "http://yann.lecun.com/exdb/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)


def official(name: str, size: int, md5: str, md5_unpacked: str) -> Official:
    """One of the four files, gzipped or not; the authors' own address often refuses to serve it."""
    addresses = tuple(f"{place}/{name}.gz" for place in _PLACES)
    source = "not the authors'; torchvision's (datasets/mnist.py), unpacked secml's (c_dataloader_mnist.py)"
    return Official(f"{name}.gz", addresses, size, f"md5:{md5}", source, name, f"md5:{md5_unpacked}")


class MNIST(ArchivedArrays):
    """A part of MNIST, in the order of its files: ``images`` [n, 28, 28, 1], 0 to 255, and ``labels`` [n], the digits."""

    shapes: ClassVar = {"images": (SIDE, SIDE, 1), "labels": ()}
    licence = "CC BY-SA 3.0"
    source = "http://yann.lecun.com/exdb/mnist"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        paths = [cls.located(source)[file.name] for file in cls.files]
        images = _idx.read(paths[0], (cls.rows, SIDE, SIDE))[..., None]
        labels = _idx.read(paths[1], (cls.rows,)).astype(np.int64)
        if labels.max() >= DIGITS:
            raise DatasetError(f"{paths[1]}: image {labels.argmax()} is called {labels.max()}, no digit; download it again")
        return {"images": images, "labels": labels}
