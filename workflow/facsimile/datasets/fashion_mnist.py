"""Fashion-MNIST: pictures of clothes in the format of MNIST (Xiao, Rasul and Vollgraf 2017)."""

from typing import ClassVar

from facsimile.datasets.base.official import Official
from facsimile.datasets.mnist import MNIST

LABELS = {
    "fashion_mnist": "Fashion-MNIST",
    "fashion_mnist_test": "Fashion-MNIST (test)",
}
MEMBERS = {
    "fashion_mnist": {"part": "train"},
    "fashion_mnist_test": {"part": "t10k"},
}
_ADDRESSES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
)


def official(
    name: str,
    size: int,
    md5: str,
) -> Official:
    """One of the four official files, which can be gzipped or not.

    They have the names of MNIST's, so that here ``fashion-`` stands before them. ``size`` and
    ``md5`` are those of the gzipped file.
    """
    return Official(
        f"fashion-{name}.gz",
        tuple(f"{address}/{name}.gz" for address in _ADDRESSES),
        size,
        checksum=f"md5:{md5}",
        checksum_from="the authors' README",
        unpacked=f"fashion-{name}",
    )


FILES = {
    "train": (
        official("train-images-idx3-ubyte", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        official("train-labels-idx1-ubyte", 29_515, "25c81989df183df01b3e8a0aad5dffbe"),
    ),
    "t10k": (
        official("t10k-images-idx3-ubyte", 4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
        official("t10k-labels-idx1-ubyte", 5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
    ),
}


class FashionMNIST(MNIST):
    """The training or the test images of Fashion-MNIST, in the order of the official files.

    ``images``: uint8 [n, 28, 28, 1], 0 to 255. ``labels``: int64 [n], kinds of clothes.
    """

    licence = "MIT"
    source = "https://github.com/zalandoresearch/fashion-mnist"
    part: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "part" in vars(cls):
            cls.files = FILES[cls.part]
