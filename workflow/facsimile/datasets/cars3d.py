"""Cars3D: 183 car models from 24 sides and 4 heights, 17,568 images (Reed, Zhang, Zhang and Lee 2015)."""

import gzip
import hashlib
import io
import math
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

from facsimile.datasets.base.archived import Archived
from facsimile.datasets.base.file import DatasetError, Rows
from facsimile.datasets.base.official import BLOCK, Official

LABEL = "Cars3D"
_LIST, _FOLDER = "list.txt", "cars"
_SIDE, _OFFICIAL_SIDE = 64, 128


class Cars3D(Archived):
    """Read from ``nips2015-analogy-data.tar.gz``, or from its folder ``cars``, unpacked; each image halved to 64 × 64.

    Car k is the one in line k of the archive's own ``list.txt``. disentanglement_lib (``cars3d.py``) numbers cars in the order
    in which the file system lists the folder, another one on another machine: its object ids cannot be compared. Halving is
    Pillow's Lanczos, as there.
    """

    name = "cars3d"
    factor_names = ("elevation", "azimuth", "object_type")
    factor_sizes = (4, 24, 183)
    factor_kinds = ("ordinal", "circular", "categorical")
    image_shape = (_SIDE, _SIDE, 3)
    not_factors = MappingProxyType(
        {"mask": "the archive holds each car's outline, too; it is not read"}
    )
    licence = "none is stated; offered with the paper, for research"
    source = "http://www.scottreed.info"
    files = (
        Official(
            "nips2015-analogy-data.tar.gz",
            (
                "http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",
                "http://www-personal.umich.edu/~reedscot/files/nips2015-analogy-data.tar.gz",
            ),
            checksum="md5:4e866a7919c1beedf53964e6f7a23686",
            checksum_from="not the authors'; disent's (_groundtruth__cars3d.py) and latte's, independently",
            unpacked=_FOLDER,
        ),
    )

    @classmethod
    def origin(cls, source: Path | None) -> dict[str, str]:
        """``official`` with the archive's sha256; for an unpacked folder ``unverified``, with one sha256 of all its files."""
        [path] = cls.located(source).values()
        if not path.is_dir():
            return super().origin(path)
        checksum = hashlib.sha256()
        for _, data in _unpacked(path):
            checksum.update(data)
        return {"origin": "unverified", "source_sha256": checksum.hexdigest()}

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """All cars from one side at a time; 216 MB are held at once, as the archive goes car by car and the rows do not."""
        [path] = cls.located(source).values()
        listed, cars = [], {}
        for name, data in _unpacked(path) if path.is_dir() else _packed(path):
            if name == _LIST:
                listed = data.decode().split()
            else:
                cars[name.removesuffix(".mat")] = cls._car(data, f"{path}: {name}")
        if sorted(listed) != sorted(cars) or len(cars) != cls.factor_sizes[2]:
            raise DatasetError(
                f"{path}: {len(cars)} cars, and {len(listed)} in its {_LIST}; the official archive has "
                f"{cls.factor_sizes[2]}, and lists them all; download it again"
            )
        for elevation, azimuth in np.ndindex(cls.factor_sizes[:2]):
            yield np.stack([cars[name][azimuth, elevation] for name in listed])

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """Azimuth in radians from where the archive begins; elevations and cars by number, as the archive says no more."""
        values = super().values(factor)
        return values * (2 * math.pi / len(values)) if factor == "azimuth" else values

    @classmethod
    def _find(cls, official: Official, folder: Path) -> Path | None:
        return folder if (folder / _LIST).is_file() else super()._find(official, folder)

    @classmethod
    def _car(cls, data: bytes, what: str) -> Rows:
        """One car, uint8 [azimuth, elevation, 64, 64, 3], from a MATLAB file: im, uint8 [128, 128, 3, azimuth, elevation]."""
        from scipy import (
            io as matlab,
        )  # takes longer to import than all the rest, and only this needs it

        elevations, azimuths, _ = cls.factor_sizes
        expected = (_OFFICIAL_SIDE, _OFFICIAL_SIDE, 3, azimuths, elevations)
        try:
            im = matlab.loadmat(io.BytesIO(data), variable_names=["im"])["im"]
        except (
            OSError,
            ValueError,
            TypeError,
            KeyError,
            NotImplementedError,
            zlib.error,
            matlab.matlab.MatReadError,
        ) as error:
            raise DatasetError(
                f"{what} is truncated or no MATLAB file with an array im ({error}); download it again"
            ) from None
        if im.shape != expected or im.dtype != np.uint8:
            raise DatasetError(
                f"{what}: im is {im.dtype} {list(im.shape)}, the official one is uint8 {list(expected)}"
            )
        images = np.ascontiguousarray(np.moveaxis(im, (3, 4), (0, 1)))
        small = [
            Image.fromarray(images[side]).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
            for side in np.ndindex(images.shape[:2])
        ]
        return np.stack([np.asarray(image) for image in small]).reshape(
            azimuths, elevations, _SIDE, _SIDE, 3
        )


def _packed(path: Path) -> Iterator[tuple[str, bytes]]:
    """The list and the MATLAB files of the archive's folder ``cars``, in the order in which they are packed."""
    try:
        with gzip.open(path) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as archive:
            for member in archive:
                place = PurePosixPath(member.name)
                if (
                    member.isfile()
                    and place.parent.name == _FOLDER
                    and (place.name == _LIST or place.suffix == ".mat")
                ):
                    file = archive.extractfile(member)
                    assert file is not None  # as it is of a regular file
                    yield place.name, file.read()
            while unzipped.read(BLOCK):  # reading to the end is what makes gzip compare the CRC
                pass
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DatasetError(
            f"{path}: truncated, altered or no such archive ({error}); download it again"
        ) from None


def _unpacked(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The same, from the folder ``cars``, in the order of its list."""
    try:
        listed = (folder / _LIST).read_bytes()
        yield _LIST, listed
        for name in listed.decode().split():
            yield f"{name}.mat", (folder / f"{name}.mat").read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{folder}: not the archive's folder {_FOLDER}, unpacked ({error}); download the archive"
        ) from None
