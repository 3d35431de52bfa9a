"""Shapes3D and MPI3D: read in blocks, kept on disk, checked whenever they are read."""

import subprocess
import sys
import zipfile
from pathlib import Path

import archives
import h5py
import numpy as np
import pytest

from facsimile.datasets import DatasetError
from facsimile.datasets.base import unverified
from facsimile.datasets.mpi3d import MPI3D
from facsimile.datasets.shapes3d import Shapes3D, _rows
from facsimile.foundation import discover


@pytest.fixture
def shapes(tmp_path: Path) -> type[Shapes3D]:
    return archives.small(Shapes3D, tmp_path)[0]


@pytest.fixture
def path(shapes: type[Shapes3D], tmp_path: Path) -> Path:
    shapes.make(tmp_path / "shapes3d.h5", tmp_path)
    return tmp_path / "shapes3d.h5"


def test_images_are_the_archives(shapes: type[Shapes3D], path: Path) -> None:
    data = shapes.open(path)
    images, _ = archives.shapes(shapes)
    np.testing.assert_array_equal(data.images(np.arange(len(data))), images)
    assert data.facts["origin"] == "official"


def test_rows_stay_on_disk(shapes: type[Shapes3D], path: Path) -> None:
    assert len(shapes.open(path)._rows) == 0


@pytest.mark.parametrize("chunks", [None, (7, 16, 32, 1), (144, 2, 2, 3)], ids=str)
def test_however_the_archive_is_chunked(
    shapes: type[Shapes3D], tmp_path: Path, chunks: tuple[int, ...] | None
) -> None:
    images, labels = archives.shapes(shapes)
    with h5py.File(tmp_path / "3dshapes.h5", "w") as file:
        file.create_dataset("images", data=images, chunks=chunks)
        file["labels"] = labels
    blocks = list(shapes.blocks(tmp_path))
    np.testing.assert_array_equal(np.concatenate(blocks), images)


@pytest.mark.parametrize(
    ("chunk", "rows"),
    [(None, 5461), (1, 5461), (1000, 5000), (7500, 7500), (480_000, 43_690)],
    ids=str,
)
def test_blocks_are_whole_chunks_of_bounded_size(chunk: int | None, rows: int) -> None:
    class Images:
        shape = (480_000, 64, 64, 3)
        chunks = chunk and (chunk, 64, 64, 3)

    assert _rows(Images) == rows
    assert rows * 64 * 64 * 3 <= 2**29


def rewritten(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    with h5py.File(folder / "3dshapes.h5", "w") as file:
        file["images"], file["labels"] = images, labels


def test_labels_in_another_order_are_refused(shapes: type[Shapes3D], tmp_path: Path) -> None:
    images, labels = archives.shapes(shapes)
    rewritten(tmp_path, images, labels[::-1])
    with pytest.raises(
        DatasetError,
        match=r"3dshapes\.h5: the labels of floor_hue are not the archive's: .* in another order",
    ):
        list(shapes.blocks(tmp_path))
    labels[3, 1] = 0.33
    rewritten(tmp_path, images, labels)
    with pytest.raises(
        DatasetError, match=r"the labels of wall_hue are not the archive's: 4 values for 3"
    ):
        list(shapes.blocks(tmp_path))


def test_other_arrays_are_refused(shapes: type[Shapes3D], tmp_path: Path) -> None:
    images, labels = archives.shapes(shapes)
    rewritten(tmp_path, images[:-1], labels)
    with pytest.raises(
        DatasetError,
        match=r"3dshapes\.h5: images are uint8 \[143, 64, 64, 3\], "
        r"the official ones are uint8 \[144",
    ):
        list(shapes.blocks(tmp_path))
    rewritten(tmp_path, images, labels.astype(np.float32))
    with pytest.raises(DatasetError, match=r"3dshapes\.h5: labels are float32"):
        list(shapes.blocks(tmp_path))
    with h5py.File(tmp_path / "3dshapes.h5", "w") as file:
        file["images"] = images
    with pytest.raises(DatasetError, match=r"3dshapes\.h5: there is no array labels in it"):
        list(shapes.blocks(tmp_path))


def test_an_altered_image_is_refused_when_it_is_read(shapes: type[Shapes3D], path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["rows"][5, 30, 30, 0] ^= 1
    data = shapes.open(path)
    data.images(np.delete(np.arange(len(data)), 5))
    with pytest.raises(
        DatasetError,
        match=r"shapes3d\.h5: image 5 was altered since it was written "
        r"\(checksum differs\); remove",
    ):
        data.images([4, 5])


def test_an_altered_fact_or_checksum_is_refused(shapes: type[Shapes3D], path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["crc32"][5] ^= 1
    with pytest.raises(DatasetError, match=r"shapes3d\.h5: altered since it was written"):
        shapes.open(path)
    with h5py.File(path, "r+") as file:
        file["crc32"][5] ^= 1
        file.attrs["origin"] = "mine"
    with pytest.raises(DatasetError, match=r"shapes3d\.h5: altered since it was written"):
        shapes.open(path)


@pytest.mark.parametrize("kept", [0, 100, 0.5, -1])
def test_a_truncated_file_is_refused_by_name(
    shapes: type[Shapes3D], path: Path, kept: float
) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(
        DatasetError, match=r"shapes3d\.h5: truncated or not a data set's file .*remove the file"
    ):
        shapes.open(path)


def test_a_file_of_other_factors_or_none_is_refused(
    shapes: type[Shapes3D], path: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        DatasetError,
        match=r"shapes3d\.h5: not a file of the data set shapes3d \(its factor_sizes is",
    ):
        Shapes3D.open(path)
    with pytest.raises(DatasetError, match=r"nowhere\.h5: there is no such file; make it first"):
        shapes.open(tmp_path / "nowhere.h5")


def test_too_few_images_are_not_written(shapes: type[Shapes3D], tmp_path: Path) -> None:
    short = type(
        "Short",
        (shapes,),
        {"blocks": classmethod(lambda cls, source: [np.zeros((9, 64, 64, 3), np.uint8)])},
    )
    with pytest.raises(
        DatasetError, match=r"s\.h5: 9 images were made, the data set has 144; nothing was written"
    ):
        short.make(tmp_path / "s.h5", tmp_path)
    assert not (tmp_path / "s.h5").exists()


def test_hues_go_around_the_circle_once() -> None:
    data = Shapes3D(np.empty((0, 64, 64, 3), np.uint8), {})
    np.testing.assert_allclose(data.values("wall_hue") / (2 * np.pi), np.arange(10) / 10)
    np.testing.assert_allclose(data.values("scale")[[0, 1, 7]], [0.75, 0.82142857, 1.25])
    np.testing.assert_allclose(
        np.rad2deg(data.values("orientation"))[[0, 7, 14]], [-30, 0, 30], atol=1e-12
    )


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mpi3d_is_the_archives_array(tmp_path: Path, save: object) -> None:
    data_class, _ = archives.small(discover.load_class("datasets", "mpi3d_toy", MPI3D), tmp_path)
    save(tmp_path / "mpi3d_toy.npz", images=archives.robot(data_class))  # type: ignore[operator]
    data_class = archives.known(data_class, tmp_path)
    data_class.make(tmp_path / "mpi3d_toy.h5", tmp_path / "mpi3d_toy.npz")
    data = data_class.open(tmp_path / "mpi3d_toy.h5")
    np.testing.assert_array_equal(data.images(np.arange(len(data))), archives.robot(data_class))


def test_mpi3d_of_the_competition_is_another_data_set(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "mpi3d_toy.npz", "w") as archive,
        archive.open("images.npy", "w") as file,
    ):
        header = {"descr": "|u1", "fortran_order": False, "shape": (460_800, 64, 64, 3)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(
        DatasetError,
        match=r"mpi3d_toy\.npz: .*\[460800, .*\[1036800, .*the competition's release of 4 colours",
    ):
        unverified.without_checksums(discover.load_class("datasets", "mpi3d_toy", MPI3D)).make(
            tmp_path / "mpi3d_toy.h5", tmp_path
        )


MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from facsimile.datasets.mpi3d import MPI3D
from facsimile.foundation import discover

class Many(discover.load_class("datasets", "mpi3d_toy", MPI3D)):
    factor_sizes = (6, 6, 2, 3, 3, 8, 3)
    @classmethod
    def downloaded(cls, source): return {cls.files[0].name: Path(__file__)}
    @classmethod
    def origin(cls, source): return {"origin": "test"}
    @classmethod
    def blocks(cls, source):
        n = int(np.prod(cls.factor_sizes))
        for first in range(0, n, 500):
            yield np.full((min(500, n - first), 64, 64, 3), first % 251, np.uint8)

path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
Many.make(path, path.parent)
made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = Many.open(path)
for first in range(0, len(data), 64):
    data.images(np.arange(first, min(first + 64, len(data))))
read = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(data), (made - before) // 1024, (read - before) // 1024)
"""


@pytest.mark.slow
def test_a_large_file_is_made_and_read_in_little_memory(tmp_path: Path) -> None:
    script = tmp_path / "memory.py"
    script.write_text(MEMORY)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "many.h5")],
        capture_output=True,
        text=True,
        check=True,
    )
    images, megabytes_made, megabytes_read = map(int, done.stdout.split())
    assert images * 64 * 64 * 3 > 150e6
    assert megabytes_made < 60, "more than a few blocks of 6 MB were in memory"
    assert megabytes_read < 60, "images that were read stayed in memory"
