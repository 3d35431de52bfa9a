"""Shapes3D: a solid in a coloured room, 480,000 images (Burgess and Kim 2018)."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.file import DatasetError, Rows
from facsimile.datasets.base.official import Official
from facsimile.datasets.base.on_disk import OnDisk

LABEL = "Shapes3D"
_BLOCK, _MOST = (
    2**26,
    2**29,
)  # bytes of images to read at once, and where chunks would have it otherwise, at most


class Shapes3D(OnDisk):
    """Read from ``3dshapes.h5`` in blocks and kept on disk: 5.9 GB, not compressed.

    Images lie in the order of their labels, the last varying fastest, which is checked. The archive's README says that hues
    and scales go from 0 to 1; its labels are 0, 0.1, …, 0.9 and 0.75 to 1.25, so that no two hues are the same colour.
    """

    name = "shapes3d"
    factor_names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    factor_sizes = (10, 10, 10, 8, 4, 15)
    factor_kinds = ("circular", "circular", "circular", "ordinal", "categorical", "ordinal")
    image_shape = (64, 64, 3)
    licence = "Apache-2.0"
    source = "https://github.com/google-deepmind/3d-shapes"
    files = (
        Official(
            "3dshapes.h5",
            ("https://storage.googleapis.com/3d-shapes/3dshapes.h5",),
            267573662,
            "sha256:0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",
            "not the authors'; TensorFlow Datasets' (url_checksums/shapes3d.txt)",
        ),
    )

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """About 64 MB at a time, or whole chunks of the archive where those have more, so that none is unpacked twice."""
        [path] = cls.located(source).values()
        try:
            with h5py.File(path, "r", locking=False) as file:
                images, labels = (_array(file, name, path) for name in ("images", "labels"))
                n = math.prod(cls.factor_sizes)
                _must_be(images, np.uint8, (n, *cls.image_shape), f"{path}: images")
                _must_be(labels, np.float64, (n, len(cls.factor_sizes)), f"{path}: labels")
                cls._check(labels[()], path)
                rows = _rows(images)
                for first in range(0, n, rows):
                    yield images[first : first + rows]
        except OSError as error:
            raise DatasetError(
                f"{path}: truncated, altered or no HDF5 file ({error}); download it again"
            ) from None

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """The archive's labels: hue and orientation in radians (there a share of the circle, and -30° to 30°), scale, shape."""
        size = self.factor_sizes[self._position(factor)]
        if factor == "orientation":
            return np.deg2rad(np.linspace(-30, 30, size))
        if factor == "scale":
            return np.linspace(0.75, 1.25, size)
        numbers = super().values(factor)
        return numbers if factor == "shape" else numbers * (2 * math.pi / size)

    @classmethod
    def _check(cls, labels: npt.NDArray[np.float64], path: Path) -> None:
        """Whether labels [n, k] are those of a complete grid in C order, whatever their values are."""
        grid = np.indices(cls.factor_sizes, np.int16).reshape(len(cls.factor_sizes), -1)
        for name, size, column, place in zip(
            cls.factor_names, cls.factor_sizes, labels.T, grid, strict=True
        ):
            found, number = np.unique(column, return_inverse=True)
            if len(found) != size or (number != place).any():
                raise DatasetError(
                    f"{path}: the labels of {name} are not the archive's: {len(found)} values for {size}, or in another order"
                )


def _array(file: Any, name: str, path: Path) -> Any:
    if not isinstance(file.get(name), h5py.Dataset):
        raise DatasetError(
            f"{path}: there is no array {name} in it; the official file has images and labels"
        )
    return file[name]


def _must_be(array: Any, dtype: npt.DTypeLike, shape: tuple[int, ...], what: str) -> None:
    if (array.dtype, array.shape) != (np.dtype(dtype), shape):
        stated = f"{np.dtype(dtype)} {list(shape)}"
        raise DatasetError(
            f"{what} are {array.dtype} {list(array.shape)}, the official ones are {stated}; download it again"
        )


def _rows(images: Any) -> int:
    """How many images to read at once: about 64 MB, and whole chunks unless those are huge."""
    image = math.prod(images.shape[1:])
    chunk = images.chunks[0] if images.chunks else 1
    wanted = max(1, _BLOCK // image // chunk) * chunk
    return min(wanted, max(1, _MOST // image))
