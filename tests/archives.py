"""Small official files: the archives' own formats, byte for byte, with few values of each factor.

``small(data_class, folder)`` returns a smaller class of a data set, and the source that it is made
from (None if it needs none). A new data set that is made from files needs a writer here,
``write_<name>(data_class, folder)``, and its sizes in ``SIZES``.
"""

import dataclasses
import gzip
import hashlib
import io
import itertools
import math
import struct
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import torch
from PIL import Image

from facsimile.datasets import Arrays, Stored
from facsimile.datasets.base.archived import Archived, ArchivedArrays
from facsimile.datasets.base.official_files import OfficialFiles
from facsimile.datasets.base.sequences import Sequences

SIZES = {
    "scream_dsprites": (1, 1, 2, 32, 32),
    "mini_scream_dsprites": (1, 1, 2, 16, 16),
    "cars3d": (2, 8, 6),
    "smallnorb": (2, 2, 3, 2),
    "shapes3d": (2, 3, 2, 2, 2, 3),
    "mpi3d_toy": (2, 3, 2, 2, 2, 3, 2),
    "mpi3d_realistic": (2, 3, 2, 2, 2, 3, 2),
    "mpi3d_real": (2, 3, 2, 2, 2, 3, 2),
}
ROWS = 12  # of arrays
FRAMES = 40  # of each sequence
INSTANCES = {
    "training": (4, 6, 7, 8, 9),
    "testing": (0, 1, 2, 3, 5),
}  # as the names of NORB's files say


def small(
    data_class: type[Stored | Arrays], folder: Path
) -> tuple[type[Stored | Arrays], Path | None]:
    """A class with fewer factor values or rows, and the folder of its official files.

    A data set that is generated is returned unchanged, with None; one of sequences with few frames.
    """
    if issubclass(data_class, Sequences):
        few = {"lengths": (FRAMES, FRAMES), "independent": ROWS}
        return type(data_class.__name__, (data_class,), few), None
    if issubclass(data_class, ArchivedArrays):
        smaller = type(data_class.__name__, (data_class,), {"rows": min(ROWS, data_class.rows)})
        globals()[f"write_{data_class.name}"](smaller, folder)
        return known(smaller, folder), folder
    if not issubclass(data_class, Archived):
        return data_class, None
    sizes = dict(zip(data_class.factor_names, SIZES[data_class.name], strict=True))
    values = {"values": lambda self, factor: data_class.values(self, factor)[: sizes.get(factor)]}
    smaller = type(
        data_class.__name__, (data_class,), {"factor_sizes": SIZES[data_class.name]} | values
    )
    globals()[f"write_{data_class.name}"](smaller, folder)
    return known(smaller, folder), folder


def known(data_class: type[OfficialFiles], folder: Path) -> type[OfficialFiles]:
    """The class with checksums and sizes of the files in the folder, where it has any."""
    return type(
        data_class.__name__,
        (data_class,),
        {"files": tuple(_known(official, folder / official.name) for official in data_class.files)},
    )


def _known(official, path: Path):
    if not official.checksum:
        return official
    algorithm = official.checksum.partition(":")[0]
    changes = {"checksum": _checksum(algorithm, path.read_bytes())}
    if official.unpacked_checksum:
        changes["unpacked_checksum"] = _checksum(algorithm, gzip.decompress(path.read_bytes()))
    return dataclasses.replace(official, size=official.size and path.stat().st_size, **changes)


def _checksum(algorithm: str, data: bytes) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def grid(sizes: tuple[int, ...]) -> np.ndarray:
    """Factor values [n, k] of a complete grid in C order."""
    return np.indices(sizes).reshape(len(sizes), -1).T


def pixels(seed: int, *shape: int) -> np.ndarray:
    """Images that differ: uint8, random, in squares of 8 pixels so that they survive resizing."""
    n, height, width, *rest = shape
    coarse = np.random.default_rng(seed).integers(
        0, 256, (n, height // 8, width // 8, *rest), np.uint8
    )
    return coarse.repeat(8, 1).repeat(8, 2)


def write_scream_dsprites(data_class: type[Stored], folder: Path) -> None:
    """A picture, JPEG, larger than the thumbnail."""
    Image.fromarray(pixels(0, 1, 800, 640, 3)[0]).save(folder / "scream.jpg", quality=90)


def write_mini_scream_dsprites(data_class: type[Stored], folder: Path) -> None:
    """The same picture as of ``scream_dsprites``."""
    write_scream_dsprites(data_class, folder)


def car(data_class: type[Stored], seed: int) -> np.ndarray:
    """One car, uint8 [128, 128, 3, azimuth, elevation]."""
    elevations, azimuths, _ = data_class.factor_sizes
    images = pixels(seed, azimuths * elevations, 128, 128, 3)
    return np.moveaxis(images.reshape(azimuths, elevations, 128, 128, 3), (0, 1), (3, 4))


def cars(data_class: type[Stored]) -> dict[str, np.ndarray]:
    """Cars by name, in the order of the list, which differs from that of names and archive."""
    names = [f"car_{number:03}_mesh" for number in (7, 2, 9, 4, 11, 1)]
    return {name: car(data_class, seed) for seed, name in enumerate(names)}


def write_cars3d(data_class: type[Stored], folder: Path) -> None:
    """The .tar.gz: MATLAB 5 files with ``im`` and ``mask`` in ``data/cars``, then the list.

    There are other files beside that folder.
    """
    images = cars(data_class)
    listed = "".join(f"{name}\n" for name in images).encode()
    files = {f"data/cars/{name}.mat": mat(images[name]) for name in sorted(images)}
    others = {"data/sprites/sprite_1.mat": b"not ours", "data/shapes48.mat": b"not ours"}
    write_tar(
        folder / "nips2015-analogy-data.tar.gz", others | files | {"data/cars/list.txt": listed}
    )


def mat(im: np.ndarray) -> bytes:
    """A MATLAB 5 file, compressed, of a car and its mask."""
    file = io.BytesIO()
    scipy.io.savemat(file, {"im": im, "mask": im[:, :, 0] > 0}, format="5", do_compression=True)
    return file.getvalue()


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    """A .tar.gz of regular files."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def write_smallnorb(data_class: type[Stored], folder: Path) -> None:
    """Six binary matrices, gzipped: images of two cameras, categories, and the other factors.

    They are not sorted by factors.
    """
    for chunk, (images, factors) in norb(data_class).items():
        instances = "".join(map(str, INSTANCES[chunk]))
        start = folder / f"smallnorb-5x{instances}x9x18x6x2x96x96-{chunk}"
        for part, values in {"dat": images, "cat": factors[:, 0], "info": factors[:, 1:]}.items():
            Path(f"{start}-{part}.mat.gz").write_bytes(gzip.compress(matrix(values), 1))


def norb(data_class: type[Stored]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Chunk -> images uint8 [n, 2, 96, 96] and factors int32 [n, 5].

    The factors are category, instance, elevation, azimuth (0, 2, …) and lighting.
    """
    chunks = {}
    for seed, (chunk, instances) in enumerate(INSTANCES.items()):
        categories, elevations, azimuths, lightings = data_class.factor_sizes
        factors = grid((categories, len(instances), elevations, azimuths, lightings)).astype(
            np.int32
        )
        factors[:, 1] = np.array(instances)[factors[:, 1]]
        factors[:, 3] *= 2
        order = np.random.default_rng(seed).permutation(len(factors))
        images = pixels(seed, 2 * len(factors), 96, 96).reshape(-1, 2, 96, 96)
        chunks[chunk] = images, factors[order]
    return chunks


def matrix(values: np.ndarray) -> bytes:
    """A matrix as NORB's page describes it, little endian.

    It has a magic number, the number of dimensions, at least three sizes, and the values.
    """
    magic = {np.dtype(np.uint8): 0x1E3D4C55, np.dtype(np.int32): 0x1E3D4C54}[values.dtype]
    sizes = [*values.shape, *[1] * (3 - values.ndim)]
    return (
        struct.pack(f"<{2 + len(sizes)}i", magic, values.ndim, *sizes)
        + values.astype(values.dtype.newbyteorder("<")).tobytes()
    )


def shapes(data_class: type[Stored]) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [n, 64, 64, 3] and labels float64 [n, 6] with the archive's kind of values."""
    values = [np.arange(size) / 10 for size in data_class.factor_sizes[:3]]
    values += [
        np.linspace(0.75, 1.25, data_class.factor_sizes[3]),
        np.arange(data_class.factor_sizes[4]) * 1.0,
    ]
    values += [np.linspace(-30, 30, data_class.factor_sizes[5])]
    labels = np.stack(
        [v[column] for v, column in zip(values, grid(data_class.factor_sizes).T, strict=True)],
        axis=1,
    )
    return pixels(0, len(labels), 64, 64, 3), labels


def write_shapes3d(
    data_class: type[Stored], folder: Path, chunks: Iterable[int] | bool = True
) -> None:
    """``3dshapes.h5``: two arrays, gzipped in chunks as h5py chooses them."""
    images, labels = shapes(data_class)
    with h5py.File(folder / "3dshapes.h5", "w") as file:
        file.create_dataset("images", data=images, chunks=chunks, compression="gzip")
        file.create_dataset("labels", data=labels, compression="gzip")


def robot(data_class: type[Stored]) -> np.ndarray:
    """Images uint8 [n, 64, 64, 3]."""
    return pixels(0, math.prod(data_class.factor_sizes), 64, 64, 3)


def write_mpi3d_toy(data_class: type[Stored], folder: Path) -> None:
    """The .npz: one array, ``images``, not compressed."""
    np.savez(folder / f"{data_class.name}.npz", images=robot(data_class))


write_mpi3d_realistic = write_mpi3d_real = write_mpi3d_toy


def digits(data_class: type[Arrays]) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [n, 28, 28] and the digits of their labels."""
    return pixels(0, data_class.rows, 32, 32)[:, :28, :28], np.arange(
        data_class.rows, dtype=np.uint8
    ) % 10


def write_mnist(data_class: type[ArchivedArrays], folder: Path) -> None:
    """Two IDX files, gzipped: images and labels."""
    for official, values in zip(data_class.files, digits(data_class), strict=True):
        (folder / official.name).write_bytes(gzip.compress(idx(values), 1))


write_mnist_test = write_mnist
write_mnist_split = write_mnist
write_mnist_threshold = write_mnist_threshold_14 = write_mnist
write_fashion_mnist = write_fashion_mnist_test = write_mnist


def write_mnist_once(data_class: type[ArchivedArrays], folder: Path) -> None:
    """Four IDX files of each source: images and labels for training, then those for test."""
    files = iter(data_class.files)
    for _ in data_class.sources:
        for part in ("train", "t10k"):
            rows, _ = data_class.part_rows(part)
            images = pixels(0, rows, 32, 32)[:, :28, :28]
            for values in (images, np.arange(rows, dtype=np.uint8) % 10):
                (folder / next(files).name).write_bytes(gzip.compress(idx(values), 1))


write_mnist_then_fashion = write_mnist_once


def write_kodak(data_class: type[ArchivedArrays], folder: Path) -> None:
    """24 PNG files of the official size, every other one upright."""
    for number, official in enumerate(data_class.files):
        picture = Image.fromarray(pixels(number, 1, 48, 32, 3)[0]).resize((768, 512))
        if number % 2:
            picture = picture.transpose(Image.Transpose.ROTATE_90)
        picture.save(folder / official.name, compress_level=1)


write_kodak_32 = write_kodak_256 = write_kodak


def write_binary_mnist(data_class: type[ArchivedArrays], folder: Path) -> None:
    """Two text files, one image per line: digits 0 or 1 with spaces between them."""
    is_white = pixels(0, data_class.rows, 32, 32)[:, :28, :28] > 127
    digits = is_white.reshape(data_class.rows, -1).astype(int).astype(str)
    lines = [" ".join(image) + "\n" for image in digits]
    training, _ = data_class.sizes()
    for official, rows in zip(data_class.files, (lines[:training], lines[training:]), strict=True):
        (folder / official.name).write_text("".join(rows))


def write_california_housing(data_class: type[ArchivedArrays], folder: Path) -> None:
    """``housing.tgz``: a CSV table with two capped rows and one without its bedrooms."""
    lines = ["longitude,latitude,housing_median_age,total_rooms,total_bedrooms,population,"]
    lines[0] += "households,median_income,median_house_value,ocean_proximity"
    for row in range(data_class.rows + 2):
        bedrooms = "" if row == 3 else f"{200.0 + row * row}"
        value = 500001.0 if row in (5, 7) else 50000.0 + 9000 * row
        numbers = f"{-122.0 + row / 9},{37.5 - row / 7},{row + 2.0},{900.0 + 50 * row},{bedrooms}"
        lines.append(f"{numbers},{700.0 + row**2},{150.0 + row},{2 + row / 4},{value},INLAND")
    table = "\n".join(lines) + "\n"
    write_tar(folder / "housing.tgz", {"housing.csv": table.encode()})


def write_tf_bind_8(data_class: type[ArchivedArrays], folder: Path) -> None:
    """Two .npy files: letters int32 [n, 8], and scores float32 [n, 1], equal in pairs.

    Four equal scores lie around the median.
    """
    letters, scores = data_class.files
    drawn = np.random.default_rng(0)
    np.save(folder / letters.name, drawn.integers(0, 4, (data_class.rows, 8), dtype=np.int32))
    pairs = np.repeat(np.arange(data_class.rows // 2 - 1), 2)
    middle = len(pairs) // 4
    ranks = np.sort(np.concatenate((pairs, [middle, middle])))
    values = drawn.permutation(ranks / ranks.max()).astype(np.float32)
    np.save(folder / scores.name, values[:, None])


def write_who_life_expectancy(data_class: type[ArchivedArrays], folder: Path) -> None:
    """Three CSV tables: for training, for test, and two rows of the latter with fewer digits."""
    [features] = data_class.shapes["x"]
    training, _, testing = data_class.sizes()
    values = np.random.default_rng(0).random((training + testing, features + 1))
    parts = (values[:training], values[training:], values[[-1, training]].round(10))
    for official, rows in zip(data_class.files, parts, strict=True):
        write_table(rows, folder / official.name)


write_heloc = write_who_life_expectancy


def write_who_networks(data_class: type[ArchivedArrays], folder: Path) -> None:
    """Two CSV tables, and the checkpoints of four networks with layers of 8 units."""
    rows, features = data_class.shapes["test_x"]
    points, _ = data_class.shapes["points"]
    subset, table, *checkpoints = data_class.files
    values = np.random.default_rng(0).random((rows, features + 1))
    write_table(values[:points], folder / subset.name)
    write_table(values, folder / table.name)
    for official, layers in zip(checkpoints, (1, 3, 5, 8), strict=True):
        units = [features, *[8] * (layers - 1), 1]
        state = {}
        for number, (before, after) in enumerate(itertools.pairwise(units), 1):
            layer = torch.nn.Linear(before, after)
            state |= {f"linear{number}.{name}": v for name, v in layer.state_dict().items()}
        torch.save({"model": state, "epoch": 3}, folder / official.name)


write_heloc_networks = write_who_networks


def write_credit_g_splits(data_class: type[ArchivedArrays], folder: Path) -> None:
    """``german.data``: 160 rows of categories such as A143 and whole numbers, then 1 or 2."""
    categories = {1, 3, 4, 6, 7, 9, 10, 12, 14, 15, 17, 19, 20}
    lines = []
    for row, values in enumerate(np.random.default_rng(0).integers(0, 5, (160, 20)), 1):
        numbered = enumerate(values, 1)
        fields = [f"A{column}{v}" if column in categories else f"{v}" for column, v in numbered]
        lines.append(" ".join([*fields, "2" if row % 5 < 2 else "1"]))
    (folder / "german.data").write_text("\n".join(lines) + "\n")


def write_australian_splits(data_class: type[ArchivedArrays], folder: Path) -> None:
    """``australian.txt``, in LIBSVM's format: 160 rows, a class and 14 numbers ``column:value``."""
    lines = []
    for row, values in enumerate(np.random.default_rng(0).random((160, 14)), 1):
        fields = [f"{column}:{value:.6f}" for column, value in enumerate(values, 1)]
        lines.append(" ".join(["+1" if row % 9 < 4 else "-1", *fields]) + " ")
    (folder / "australian.txt").write_text("\n".join(lines) + "\n")


def write_stock(data_class: type[ArchivedArrays], folder: Path) -> None:
    """``stock_data.csv``: prices that grow from row to row, and volumes, with six decimals."""
    rows = data_class.rows + data_class.length
    volumes = np.random.default_rng(0).integers(10**5, 10**7, rows)
    lines = ["Open,High,Low,Close,Adj_Close,Volume"]
    for row, volume in enumerate(volumes):
        low = 50 + row**1.1
        prices = (low + 1, low + 2.5, low, low + 2, low + 2)
        lines.append(",".join([*(f"{price:.6f}" for price in prices), f"{volume}"]))
    (folder / "stock_data.csv").write_text("\n".join(lines) + "\n")


write_stock_missing_30 = write_stock_missing_50 = write_stock_missing_70 = write_stock


def write_energy(data_class: type[ArchivedArrays], folder: Path) -> None:
    """A zip archive of a CSV table in quotes: a date, then 28 numbers, some with blanks before."""
    rows = data_class.rows + data_class.length
    rooms = [name for room in range(1, 10) for name in (f"T{room}", f"RH_{room}")]
    weather = ["T_out", "Press_mm_hg", "RH_out", "Windspeed", "Visibility", "Tdewpoint"]
    header = ["date", "Appliances", "lights", *rooms, *weather, "rv1", "rv2"]
    lines = [",".join(f'"{name}"' for name in header)]
    for row, values in enumerate(np.random.default_rng(0).uniform(0, 100, (rows, 28))):
        numbers = [f'"{value:8.4f}"' for value in values]
        lines.append(",".join([f'"2016-01-11 {row:02}:00:00"', *numbers]))
    with zipfile.ZipFile(folder / "energydata_complete.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("energydata_complete.csv", "\n".join(lines) + "\n")


write_energy_missing_30 = write_energy_missing_50 = write_energy_missing_70 = write_energy


def write_table(values: np.ndarray, path: Path) -> None:
    """A CSV table with a header."""
    header = ",".join(f"column {number}" for number in range(values.shape[1]))
    np.savetxt(path, values, delimiter=",", header=header, comments="")


def idx(values: np.ndarray) -> bytes:
    """Bytes in the IDX format: 0, 0, type 8, dimensions, then big-endian sizes and the values."""
    return (
        struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()
    )


def sha256(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
