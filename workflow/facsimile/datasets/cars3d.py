"""Cars3D: images of 183 car models from 24 sides and 4 heights (Reed et al. 2015)."""

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
from facsimile.datasets.base.file import DatasetError, Facts, Rows
from facsimile.datasets.base.official import BLOCK, Official

LABEL = "Cars3D"
_LIST, _FOLDER = "list.txt", "cars"
_SIDE, _OFFICIAL_SIDE = 64, 128


class Cars3D(Archived):
    """17,568 images of cars, scaled down to 64 × 64 pixels (Reed, Zhang, Zhang and Lee 2015).

    They are read from ``nips2015-analogy-data.tar.gz``, or from its unpacked folder ``cars``.
    Scaling uses Pillow's Lanczos filter, as disentanglement_lib does.

    Car k is the one in line k of ``list.txt`` in the archive. disentanglement_lib (``cars3d.py``)
    numbers the cars in the order in which the file system lists the folder. That order differs
    between machines, so its object numbers cannot be compared.
    """

    name = "cars3d"
    factor_names = ("elevation", "azimuth", "object_type")
    factor_sizes = (4, 24, 183)
    factor_kinds = ("ordinal", "circular", "categorical")
    image_shape = (_SIDE, _SIDE, 3)
    not_factors = MappingProxyType(
        {"mask": "the archive also holds each car's outline; it is not read"}
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
            checksum_from="not the authors'; disent's (_groundtruth__cars3d.py) and latte's, "
            "independently",
            unpacked=_FOLDER,
        ),
    )

    @classmethod
    def origin(cls, source: Path | None) -> Facts:
        """Facts to record: ``official`` with the archive's sha256, or ``unverified``.

        For an unpacked folder, they are ``unverified`` and one sha256 of all its files.
        """
        [path] = cls.downloaded(source).values()
        if not path.is_dir():
            return super().origin(path)
        checksum = hashlib.sha256()
        for _, data in _unpacked(path):
            checksum.update(data)
        return {
            "origin": "unverified",
            "source_sha256": checksum.hexdigest(),
        }

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield the images of all cars from one direction at a time.

        The archive is sorted by car, and the rows are not, so all 216 MB are held in memory.
        """
        [path] = cls.downloaded(source).values()
        names: list[str] = []
        cars: dict[str, Rows] = {}
        members = _unpacked(path) if path.is_dir() else _packed(path)
        for name, data in members:
            if name == _LIST:
                names = data.decode().split()
            else:
                cars[name.removesuffix(".mat")] = cls._car(data, f"{path}: {name}")
        count = cls.factor_sizes[2]
        if sorted(names) != sorted(cars) or len(cars) != count:
            raise DatasetError(
                f"{path}: {len(cars)} cars, and {len(names)} in its {_LIST}; the official archive "
                f"has {count}, and lists them all; download it again"
            )
        for elevation, azimuth in np.ndindex(cls.factor_sizes[:2]):
            yield np.stack([cars[name][azimuth, elevation] for name in names])

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """Azimuth in radians, from the archive's first direction; else the numbers of the values.

        The archive does not say what elevations and cars they stand for.
        """
        values = super().values(factor)
        if factor == "azimuth":
            return values * (2 * math.pi / len(values))
        return values

    @classmethod
    def _find(cls, official: Official, folder: Path) -> Path | None:
        # ``folder`` can be the unpacked folder itself.
        if (folder / _LIST).is_file():
            return folder
        return super()._find(official, folder)

    @classmethod
    def _car(cls, data: bytes, what: str) -> Rows:
        """Images of one car, uint8 [azimuth, elevation, 64, 64, 3], from a MATLAB file.

        The array ``im`` of the file is uint8 [128, 128, 3, azimuth, elevation]. ``what`` names the
        file in error messages.
        """
        # Imported here because it takes longer than all other imports, and only this needs it.
        from scipy import io as matlab

        elevations, azimuths, _ = cls.factor_sizes
        expected = (_OFFICIAL_SIDE, _OFFICIAL_SIDE, 3, azimuths, elevations)
        try:
            arrays = matlab.loadmat(io.BytesIO(data), variable_names=["im"])
            im = arrays["im"]
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
                f"{what} is truncated or not a MATLAB file with an array im ({error}); "
                "download it again"
            ) from None
        if im.shape != expected or im.dtype != np.uint8:
            raise DatasetError(
                f"{what}: im is {im.dtype} {list(im.shape)}, "
                f"the official one is uint8 {list(expected)}"
            )
        # [azimuth, elevation, height, width, channel]
        images = np.ascontiguousarray(np.moveaxis(im, (3, 4), (0, 1)))
        scaled = []
        for direction in np.ndindex(images.shape[:2]):
            image = Image.fromarray(images[direction])
            small = image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
            scaled.append(np.asarray(small))
        return np.stack(scaled).reshape(azimuths, elevations, _SIDE, _SIDE, 3)


def _packed(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the list and the MATLAB files of the archive's folder ``cars``: name, content.

    They come in the order of the archive, which is read from beginning to end.
    """
    try:
        with gzip.open(path) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as archive:
            for member in archive:
                if not member.isfile():
                    continue
                member_path = PurePosixPath(member.name)
                is_needed = member_path.name == _LIST or member_path.suffix == ".mat"
                if member_path.parent.name == _FOLDER and is_needed:
                    file = archive.extractfile(member)
                    assert file is not None  # it is a regular file
                    yield member_path.name, file.read()
            # Reading to the end makes gzip compare the CRC.
            while unzipped.read(BLOCK):
                pass
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DatasetError(
            f"{path}: truncated, altered or not the official archive ({error}); download it again"
        ) from None


def _unpacked(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the list and the MATLAB files of an unpacked folder ``cars``, in the list's order."""
    try:
        content = (folder / _LIST).read_bytes()
        yield _LIST, content
        for name in content.decode().split():
            yield f"{name}.mat", (folder / f"{name}.mat").read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{folder}: not the archive's folder {_FOLDER}, unpacked ({error}); "
            "download the archive"
        ) from None
