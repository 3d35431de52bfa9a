"""MNIST from files in the official format: small ones and, where available, the real ones."""

import gzip
import os
import struct
from pathlib import Path

import archives
import numpy as np
import pytest

from facsimile.datasets import DatasetError, _idx
from facsimile.datasets.base import unverified
from facsimile.datasets.base.official_files import DATA_DIR
from facsimile.datasets.mnist import MNIST
from facsimile.foundation import discover

TRAINING = discover.load_class("datasets", "mnist", MNIST)
IMAGES, LABELS = (official.name for official in TRAINING.files)
COUNTS = [
    5923,
    6742,
    5958,
    6131,
    5842,
    5421,
    5918,
    6265,
    5851,
    5949,
]  # of the digits 0 to 9 among the 60,000


@pytest.fixture
def small(tmp_path: Path) -> type[MNIST]:
    return archives.small(TRAINING, tmp_path)[0]


def test_images_and_digits_are_those_of_the_files(small: type[MNIST], tmp_path: Path) -> None:
    small.make(tmp_path / "mnist.h5", tmp_path)
    data = small.open(tmp_path / "mnist.h5")
    images, labels = archives.digits(small)
    arrays = data.arrays(slice(None))
    np.testing.assert_array_equal(arrays["images"][..., 0], images)
    np.testing.assert_array_equal(arrays["labels"], labels)
    assert data.facts["origin"] == "official"


def test_unpacked_files_give_the_same_and_are_known_by_their_own_checksums(
    small: type[MNIST], tmp_path: Path
) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    for name in (IMAGES, LABELS):
        (folder / name.removesuffix(".gz")).write_bytes(
            gzip.decompress((tmp_path / name).read_bytes())
        )
    small.make(tmp_path / "mnist.h5", folder)
    data = small.open(tmp_path / "mnist.h5")
    np.testing.assert_array_equal(
        data.arrays(slice(None))["images"][..., 0], archives.digits(small)[0]
    )
    assert data.facts["origin"] == "official"
    altered = folder / LABELS.removesuffix(".gz")
    altered.write_bytes(altered.read_bytes()[:-1] + b"\x05")
    with pytest.raises(
        DatasetError, match=r"labels-idx1-ubyte: truncated, altered or another file: its md5 is"
    ):
        small.make(tmp_path / "again.h5", folder)


def test_a_label_that_is_no_digit_is_refused(small: type[MNIST], tmp_path: Path) -> None:
    labels = archives.digits(small)[1].copy()
    labels[3] = 11
    (tmp_path / LABELS).write_bytes(gzip.compress(archives.idx(labels)))
    with pytest.raises(
        DatasetError,
        match=rf"{LABELS}: image 3 has the label 11, which is not a digit; download it again",
    ):
        unverified.without_checksums(small).make(tmp_path / "mnist.h5", tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "truncated"),
        (struct.pack(">HBB2I", 0, 13, 2, 2, 3), "it begins with 0x0, type 13, not with 0, type 8"),
        (struct.pack(">HBB2I", 1, 8, 2, 2, 3), "it begins with 0x1, type 8"),
        (struct.pack(">HBB2I", 0, 8, 2, 2, 3) + bytes(5), "it ends too early"),
        (struct.pack(">HBB2I", 0, 8, 2, 2, 3) + bytes(7), "it goes on after its last value"),
        (
            struct.pack(">HBB2I", 0, 8, 2, 3, 2) + bytes(6),
            r"the array is \[3, 2\], the official one is \[2, 3\]",
        ),
    ],
)
def test_what_is_no_such_array_is_refused_by_name(
    tmp_path: Path, data: bytes, message: str
) -> None:
    (tmp_path / "images").write_bytes(data)
    with pytest.raises(DatasetError, match=rf"images: .*{message}.*download it again"):
        _idx.read(tmp_path / "images", (2, 3))


@pytest.mark.skipif(
    not os.environ.get(DATA_DIR), reason=f"{DATA_DIR} names no folder with MNIST's official files"
)
def test_the_real_files(tmp_path: Path) -> None:
    folder = Path(os.environ[DATA_DIR])
    if missing := [
        official.name for official in TRAINING.files if TRAINING._find(official, folder) is None
    ]:
        pytest.skip(f"{folder} lacks {', '.join(missing)}")
    TRAINING.make(tmp_path / "mnist.h5", folder)
    data = TRAINING.open(tmp_path / "mnist.h5")
    arrays = data.arrays(slice(None))
    assert data.facts["origin"] == "official"
    assert np.bincount(arrays["labels"]).tolist() == COUNTS
    assert arrays["images"].mean() / 255 == pytest.approx(
        0.1307, abs=5e-5
    )  # the mean by which every tutorial normalises
