"""Binary MNIST as Larochelle published it: each pixel was drawn once, with its grey value."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.official import Official
from facsimile.datasets.base.table import TEST, TRAINING

LABEL = "binary MNIST"
SIDE = 28
LINE = 2 * SIDE**2  # bytes: a digit and a space or line break for each pixel
DIGITS, BETWEEN = b"01", b" \n\r"
ADDRESS = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist"
CHECKSUM_FROM = (
    "not the author's; TensorFlow Datasets' (333639b, url_checksums/binarized_mnist.txt)"
)


def official(
    name: str,
    size: int,
    sha256: str,
) -> Official:
    """One of the official files, which are text."""
    return Official(
        name,
        (f"{ADDRESS}/{name}",),
        size,
        checksum=f"sha256:{sha256}",
        checksum_from=CHECKSUM_FROM,
    )


class BinaryMNIST(ArchivedArrays):
    """50,000 images for training and 10,000 for test, in the order of the official files.

    The authors of MAM train on the former and test on the latter (``MNIST_bin`` in
    PrincetonLIPS/MaM, ao_arm/data/dataset.py). The 10,000 images for validation are left out.

    ``images``: uint8 [n, 28, 28, 1], 0 or 255. ``part``: int64 [n], as in ``SupervisedTable``.
    """

    name = "binary_mnist"
    rows = 60_000
    shapes: ClassVar = {
        "images": (SIDE, SIDE, 1),
        "part": (),
    }
    licence = "that of MNIST, CC BY-SA 3.0"
    source = ADDRESS
    files = (
        official(
            "binarized_mnist_train.amat",
            78_400_000,
            "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
        ),
        official(
            "binarized_mnist_test.amat",
            15_680_000,
            "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
        ),
    )

    @classmethod
    def sizes(cls) -> tuple[int, int]:
        """Number of rows for training and for test."""
        training = cls.rows * 5 // 6
        return training, cls.rows - training

    @classmethod
    def training_rows(cls) -> int:
        """Number of rows for training, which come first."""
        return cls.sizes()[0]

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        paths = cls.downloaded(source)
        sizes = cls.sizes()
        images = [read(paths[file.name], rows) for file, rows in zip(cls.files, sizes, strict=True)]
        return {
            "images": np.concatenate(images),
            "part": np.repeat((TRAINING, TEST), sizes),
        }


def read(
    path: Path,
    rows: int,
) -> npt.NDArray[np.uint8]:
    """Read images uint8 [rows, 28, 28, 1] from a text file with one image per line.

    Raises:
        DatasetError: the file has another number of images, or a line is not 784 digits 0 or 1;
            the message names file and line.
    """
    text = np.frombuffer(path.read_bytes(), np.uint8)
    if len(text) != rows * LINE:
        raise DatasetError(
            f"{path}: {len(text)} bytes instead of {rows * LINE}, which {rows} images have; "
            "it is truncated or another file; download it again"
        )
    pixels = text.reshape(rows, SIDE**2, 2)
    is_digit = np.isin(pixels[..., 0], list(DIGITS))
    is_space = np.isin(pixels[..., 1], list(BETWEEN))
    is_image = (is_digit & is_space).all(1)
    if not is_image.all():
        line = int(is_image.argmin()) + 1
        raise DatasetError(
            f"{path}:{line}: not {SIDE**2} digits 0 or 1 with a space after each; download it again"
        )
    is_white = pixels[..., 0] == DIGITS[1]
    images = np.where(is_white, 255, 0).astype(np.uint8)
    return images.reshape(rows, SIDE, SIDE, 1)
