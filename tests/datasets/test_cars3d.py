"""Cars3D from archives in the official format: MATLAB files in a .tar.gz."""

import json
from pathlib import Path

import archives
import numpy as np
import pytest
from PIL import Image

from facsimile.datasets import DatasetError
from facsimile.datasets.base import unverified
from facsimile.datasets.cars3d import Cars3D

ARCHIVE = "nips2015-analogy-data.tar.gz"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[type[Cars3D], Path]:
    return archives.small(Cars3D, tmp_path_factory.mktemp("cars"))


def make_and_open(data_class: type[Cars3D], source: Path, folder: Path) -> Cars3D:
    data_class.make(folder / "cars3d.h5", source)
    return data_class.open(folder / "cars3d.h5")


def refused(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    archives.write_tar(tmp_path / ARCHIVE, files)
    small = unverified.without_checksums(
        type("Small", (Cars3D,), {"factor_sizes": archives.SIZES["cars3d"]})
    )
    with pytest.raises(DatasetError, match=message):
        small.make(tmp_path / "cars3d.h5", tmp_path)
    assert not (tmp_path / "cars3d.h5").exists()


def test_images_lie_where_their_factors_say(
    archive: tuple[type[Cars3D], Path], tmp_path: Path
) -> None:
    data = make_and_open(*archive, tmp_path)
    for number, car in enumerate(archives.cars(data).values()):
        for elevation, azimuth in np.ndindex(data.factor_sizes[:2]):
            side = Image.fromarray(np.ascontiguousarray(car[..., azimuth, elevation]))
            expected = np.asarray(side.resize((64, 64), Image.Resampling.LANCZOS))
            [image] = data.images(data.indices([(elevation, azimuth, number)]))
            np.testing.assert_array_equal(image, expected)


def test_car_numbers_are_those_of_the_archives_list(
    archive: tuple[type[Cars3D], Path], tmp_path: Path
) -> None:
    cars = archives.cars(archive[0])
    assert list(cars) != sorted(cars), "else this test proves nothing"
    data = make_and_open(*archive, tmp_path)
    [last] = data.images(data.indices([(0, 0, len(cars) - 1)]))
    shown = cars["car_001_mesh"][
        ::2, ::2, :, 0, 0
    ]  # in the list's last line, in the archive the first
    assert np.abs(last.astype(int) - shown).mean() < 10


def test_an_unpacked_folder_gives_the_same_and_is_called_unverified(
    archive: tuple[type[Cars3D], Path], tmp_path: Path
) -> None:
    whole = make_and_open(*archive, tmp_path)
    folder = tmp_path / "data" / "cars"
    folder.mkdir(parents=True)
    cars = archives.cars(whole)
    (folder / "list.txt").write_text("\n".join(cars) + "\n")
    for name, im in cars.items():
        (folder / f"{name}.mat").write_bytes(archives.mat(im))
    everything = np.arange(len(whole))
    for source in (folder, folder.parent):
        (tmp_path / "unpacked").mkdir(exist_ok=True)
        part = make_and_open(archive[0], source, tmp_path / "unpacked")
        np.testing.assert_array_equal(part.images(everything), whole.images(everything))
        assert part.facts["origin"] == "unverified"
    assert whole.facts["origin"] == "official"
    (folder / "car_002_mesh.mat").unlink()
    with pytest.raises(
        DatasetError, match=r"cars: not the archive's folder cars, unpacked .*car_002_mesh\.mat"
    ):
        archive[0].make(tmp_path / "none.h5", folder)


def test_the_archives_checksum_is_recorded(
    archive: tuple[type[Cars3D], Path], tmp_path: Path
) -> None:
    [(name, checksum)] = json.loads(
        make_and_open(*archive, tmp_path).facts["source_sha256"]
    ).items()
    assert name == ARCHIVE
    assert checksum == archives.sha256(archive[1] / ARCHIVE)


def test_an_archive_without_a_car_of_its_list_is_refused(tmp_path: Path) -> None:
    files = {
        "data/cars/list.txt": b"car_1\ncar_2\n",
        "data/cars/car_1.mat": archives.mat(archives.car(small(), 0)),
    }
    refused(
        tmp_path,
        files,
        "1 cars, and 2 in its list.txt; the official archive has 6, and lists them all",
    )


def test_a_file_that_is_not_matlabs_is_refused(tmp_path: Path) -> None:
    refused(
        tmp_path,
        {"data/cars/car_1.mat": b"something else"},
        r"car_1\.mat is truncated or not a MATLAB file",
    )
    refused(
        tmp_path,
        {"data/cars/car_1.mat": archives.mat(archives.car(small(), 0))[:5000]},
        r"car_1\.mat is truncated",
    )


def test_images_of_another_shape_are_refused(tmp_path: Path) -> None:
    im = archives.car(small(), 0)
    refused(
        tmp_path,
        {"data/cars/a.mat": archives.mat(im[::2])},
        r"a\.mat: im is uint8 \[64, 128, 3, 8, 2\], the official one",
    )
    refused(tmp_path, {"data/cars/a.mat": archives.mat(im / 255)}, r"a\.mat: im is float64")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cars.tar.gz").write_bytes(b"<html>not found</html>")
    with pytest.raises(
        DatasetError,
        match=r"cars\.tar\.gz: truncated, altered or another file.*4e866a79.*disent.*"
        "download it again",
    ):
        Cars3D.make(tmp_path / "cars3d.h5", tmp_path / "cars.tar.gz")
    with pytest.raises(
        DatasetError, match=r"cars\.tar\.gz: truncated, altered or not the official archive"
    ):
        unverified.without_checksums(Cars3D).make(tmp_path / "cars3d.h5", tmp_path / "cars.tar.gz")


@pytest.mark.parametrize("cut", [4, 8, 100])
def test_an_archive_that_lacks_its_last_bytes_is_refused(
    archive: tuple[type[Cars3D], Path], tmp_path: Path, cut: int
) -> None:
    (tmp_path / ARCHIVE).write_bytes((archive[1] / ARCHIVE).read_bytes()[:-cut])
    with pytest.raises(
        DatasetError, match=rf"{ARCHIVE}: truncated, altered or not the official archive"
    ):
        unverified.without_checksums(archive[0]).make(tmp_path / "cars3d.h5", tmp_path)


def test_azimuth_is_a_full_circle() -> None:
    data = Cars3D(np.empty((0, 64, 64, 3), np.uint8), {})
    np.testing.assert_allclose(np.rad2deg(data.values("azimuth")), np.arange(0, 360, 15))


def small() -> type[Cars3D]:
    return type("Small", (Cars3D,), {"factor_sizes": archives.SIZES["cars3d"]})
