"""SmallNORB from matrices in the official format, and drawn from as the study draws."""

import gzip
import struct
from pathlib import Path

import archives
import numpy as np
import pytest
from PIL import Image

from facsimile.datasets import DatasetError, _norb
from facsimile.datasets.base import unverified
from facsimile.datasets.smallnorb import SmallNORB

INFO = "smallnorb-5x46789x9x18x6x2x96x96-training-info.mat.gz"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[type[SmallNORB], Path]:
    return archives.small(SmallNORB, tmp_path_factory.mktemp("norb"))


@pytest.fixture(scope="module")
def data(archive: tuple[type[SmallNORB], Path]) -> SmallNORB:
    archive[0].make(archive[1] / "smallnorb.h5", archive[1])
    return archive[0].open(archive[1] / "smallnorb.h5")


def read_by_the_study(data: SmallNORB) -> dict[tuple[int, ...], np.ndarray]:
    """Factors -> image, as disentanglement_lib's norb.py reads and resizes it.

    The factors are (category, instance, elevation, azimuth, lighting).
    """
    resized = {}
    for images, factors_of_images in archives.norb(data).values():
        for image, factors in zip(images[:, 0], factors_of_images, strict=True):
            small = Image.fromarray(image.view(np.int8)).resize((64, 64), Image.Resampling.LANCZOS)
            factors[3] //= 2
            resized[tuple(factors.tolist())] = np.asarray(small)
    return resized


def test_every_instance_is_where_its_factors_say(data: SmallNORB) -> None:
    expected = read_by_the_study(data)
    assert len(expected) == 10 * len(data)
    for (category, instance, *others), image in expected.items():
        [index] = data.indices([(category, *others)])
        np.testing.assert_array_equal(data._rows[index, instance], np.clip(image, 0, 255))


def test_an_instance_is_drawn_at_every_read_and_uniformly(data: SmallNORB) -> None:
    n = 5000
    images = data.images(np.zeros(n, np.int64), np.random.default_rng(0))[..., 0]
    instance = np.array(
        [np.flatnonzero((data._rows[0] == image).all(axis=(1, 2)))[0] for image in images]
    )
    counts = np.bincount(instance, minlength=10)
    assert np.abs(counts - n / 10).max() < 4 * np.sqrt(n * 0.1 * 0.9)


def test_instances_and_cameras_are_no_factors(data: SmallNORB) -> None:
    assert set(data.not_factors) == {"instance", "camera"}
    assert len(data) == 24  # and 240 images of each camera


def test_the_published_grid() -> None:
    whole = SmallNORB(np.empty((0, 10, 64, 64), np.uint8), {})
    assert len(whole) == 5 * 9 * 18 * 6 == 48_600 // 10
    np.testing.assert_allclose(np.rad2deg(whole.values("elevation")), np.arange(30, 71, 5))
    np.testing.assert_allclose(np.rad2deg(whole.values("azimuth")), np.arange(0, 341, 20))


def test_unpacked_matrices_give_the_same_and_are_called_unverified(
    archive: tuple[type[SmallNORB], Path], data: SmallNORB, tmp_path: Path
) -> None:
    for path in archive[1].glob("*.gz"):
        (tmp_path / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    archive[0].make(tmp_path / "smallnorb.h5", tmp_path)
    part = archive[0].open(tmp_path / "smallnorb.h5")
    np.testing.assert_array_equal(part._rows, data._rows)
    assert (part.facts["origin"], data.facts["origin"]) == ("unverified", "official")


def test_one_file_is_not_enough(archive: tuple[type[SmallNORB], Path], tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"smallnorb is made from 6 files; give the folder that holds them"
    ):
        archive[0].make(tmp_path / "smallnorb.h5", archive[1] / INFO)


def altered(
    archive: tuple[type[SmallNORB], Path], folder: Path, change: tuple[int, int], value: int
) -> type[SmallNORB]:
    """The archive in another folder, with one number of a training info file changed."""
    for path in archive[1].glob("*.gz"):
        (folder / path.name).write_bytes(path.read_bytes())
    factors = archives.norb(archive[0])["training"][1][:, 1:].copy()
    factors[change] = value
    (folder / INFO).write_bytes(gzip.compress(archives.matrix(factors)))
    return unverified.without_checksums(archive[0])


@pytest.mark.parametrize(("column", "value"), [(0, 10), (1, -1), (2, 1), (2, 36), (3, 6)])
def test_factors_that_the_format_does_not_have_are_refused(
    archive: tuple[type[SmallNORB], Path], tmp_path: Path, column: int, value: int
) -> None:
    with pytest.raises(
        DatasetError,
        match=r"training-info\.mat\.gz: image 5 has category .*, which do not exist; "
        "download it again",
    ):
        altered(archive, tmp_path, (5, column), value).make(tmp_path / "smallnorb.h5", tmp_path)


def test_two_images_of_the_same_factors_are_refused(
    archive: tuple[type[SmallNORB], Path], tmp_path: Path
) -> None:
    factors = archives.norb(archive[0])["training"][1]
    other = 4 if factors[5, 1] != 4 else 6
    with pytest.raises(
        DatasetError, match=r"training-info\.mat\.gz: several images have the same factors"
    ):
        altered(archive, tmp_path, (5, 0), other).make(tmp_path / "smallnorb.h5", tmp_path)


def test_a_matrix_is_read_as_the_format_says(tmp_path: Path) -> None:
    values = np.arange(60, dtype=np.int32).reshape(5, 2, 3, 2)
    (tmp_path / "a.mat").write_bytes(archives.matrix(values))
    blocks = list(_norb.stream(tmp_path / "a.mat", np.int32, values.shape, 2))
    assert [len(block) for block in blocks] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(blocks), values)
    # A vector has three sizes in its header, of which two are 1.
    (tmp_path / "b.mat").write_bytes(
        struct.pack("<5i", 0x1E3D4C54, 1, 2, 1, 1) + struct.pack("<2i", 7, -8)
    )
    np.testing.assert_array_equal(
        np.concatenate(list(_norb.stream(tmp_path / "b.mat", np.int32, (2,), 9))), [7, -8]
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "truncated"),
        (struct.pack("<5i", 0x1E3D4C51, 1, 2, 1, 1), "its magic number is 0x1e3d4c51"),
        (struct.pack("<5i", 0x1E3D4C54, 99, 2, 1, 1), "it claims to have 99 dimensions"),
        (struct.pack("<6i", 0x1E3D4C54, 1, 2, 1, 1, 7), "it ends too early"),
        (struct.pack("<8i", 0x1E3D4C54, 1, 2, 1, 1, 7, 8, 9), "it goes on after its last row"),
        (
            struct.pack("<6i", 0x1E3D4C54, 1, 1, 1, 1, 7),
            r"the matrix is int32 \[1\], the official one is int32 \[2\]",
        ),
    ],
)
def test_what_is_no_such_matrix_is_refused_by_name(
    tmp_path: Path, data: bytes, message: str
) -> None:
    (tmp_path / "a.mat").write_bytes(data)
    with pytest.raises(DatasetError, match=rf"a\.mat: .*{message}.*download it again"):
        list(_norb.stream(tmp_path / "a.mat", np.int32, (2,), 9))
