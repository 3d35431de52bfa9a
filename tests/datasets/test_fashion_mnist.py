"""Fashion-MNIST from small files in the official format, in one folder with those of MNIST."""

from pathlib import Path

import archives
import numpy as np

from facsimile.datasets.fashion_mnist import FashionMNIST
from facsimile.datasets.mnist import MNIST
from facsimile.foundation import discover

TRAINING = discover.load_class("datasets", "fashion_mnist", FashionMNIST)
TEST = discover.load_class("datasets", "fashion_mnist_test", FashionMNIST)
DIGITS = discover.load_class("datasets", "mnist", MNIST)


def test_images_and_labels_are_those_of_the_files(tmp_path: Path) -> None:
    small, folder = archives.small(TRAINING, tmp_path)
    small.make(tmp_path / "fashion_mnist.h5", folder)
    data = small.open(tmp_path / "fashion_mnist.h5")
    images, labels = archives.digits(small)
    np.testing.assert_array_equal(data.arrays(slice(None))["images"][..., 0], images)
    np.testing.assert_array_equal(data.arrays(slice(None))["labels"], labels)
    assert data.facts["origin"] == "official"


def test_its_files_have_other_names_than_those_of_mnist_but_the_authors_addresses() -> None:
    for of_clothes, of_digits in zip(TRAINING.files, DIGITS.files, strict=True):
        assert of_clothes.name == f"fashion-{of_digits.name}"
        assert of_clothes.addresses[0].rsplit("/", 1)[1] == of_digits.name
        assert of_clothes.checksum != of_digits.checksum
    assert (TRAINING.rows, TEST.rows) == (60_000, 10_000)
