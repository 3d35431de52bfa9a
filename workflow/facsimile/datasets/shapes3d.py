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
_BLOCK = 2**26  # bytes of images to read at once
_MAX_BLOCK = 2**29  # and the most to read at once if the chunks of the archive are larger
Floats = npt.NDArray[np.float64]


class Shapes3D(OnDisk):
    """Images that are read in blocks from ``3dshapes.h5`` and kept on disk: 5.9 GB.

    Images are in the order of their labels, the last one varying fastest, which is checked.

    The README of the archive says that hues and scales range from 0 to 1. In fact its labels are
    0, 0.1, …, 0.9 and 0.75 to 1.25, so that no two hues are the same colour.
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
        """Yield about 64 MB of images at a time.

        A block has whole chunks of the archive, so that none is decompressed twice; it is larger if
        the chunks are.
        """
        [path] = cls.downloaded(source).values()
        try:
            with h5py.File(path, "r", locking=False) as file:
                images = _array(file, "images", path)
                labels = _array(file, "labels", path)
                count = math.prod(cls.factor_sizes)
                _check_array(images, np.uint8, (count, *cls.image_shape), f"{path}: images")
                labels_shape = (count, len(cls.factor_sizes))
                _check_array(labels, np.float64, labels_shape, f"{path}: labels")
                cls._check_order(labels[()], path)
                rows = _rows(images)
                for first in range(0, count, rows):
                    yield images[first : first + rows]
        except OSError as error:
            raise DatasetError(
                f"{path}: truncated, altered or not an HDF5 file ({error}); download it again"
            ) from None

    def values(self, factor: str) -> Floats:
        """The archive's labels of a factor.

        Hue in radians (in the archive a fraction of the circle); orientation in radians (-30° to
        30° in the archive); scale and shape as in the archive.
        """
        size = self.factor_sizes[self._position(factor)]
        if factor == "orientation":
            return np.deg2rad(np.linspace(-30, 30, size))
        if factor == "scale":
            return np.linspace(0.75, 1.25, size)
        numbers = super().values(factor)
        if factor == "shape":
            return numbers
        return numbers * (2 * math.pi / size)

    @classmethod
    def _check_order(cls, labels: Floats, path: Path) -> None:
        """Raise DatasetError unless the labels [n, k] are a complete grid in C order.

        The values of the labels do not matter.
        """
        k = len(cls.factor_sizes)
        grid = np.indices(cls.factor_sizes, np.int16).reshape(k, -1)
        for factor in range(k):
            size = cls.factor_sizes[factor]
            distinct, numbers = np.unique(labels[:, factor], return_inverse=True)
            if len(distinct) != size or (numbers != grid[factor]).any():
                raise DatasetError(
                    f"{path}: the labels of {cls.factor_names[factor]} are not the archive's: "
                    f"{len(distinct)} values for {size}, or in another order"
                )


def _array(file: Any, name: str, path: Path) -> Any:
    if not isinstance(file.get(name), h5py.Dataset):
        raise DatasetError(
            f"{path}: there is no array {name} in it; the official file has images and labels"
        )
    return file[name]


def _check_array(
    array: Any,
    dtype: npt.DTypeLike,
    shape: tuple[int, ...],
    what: str,
) -> None:
    """Raise DatasetError unless an array has this type and shape; ``what`` names it."""
    if (array.dtype, array.shape) != (np.dtype(dtype), shape):
        raise DatasetError(
            f"{what} are {array.dtype} {list(array.shape)}, "
            f"the official ones are {np.dtype(dtype)} {list(shape)}; download it again"
        )


def _rows(images: Any) -> int:
    """Number of images to read at once: about 64 MB, in whole chunks unless those are huge."""
    image_bytes = math.prod(images.shape[1:])
    chunk_rows = images.chunks[0] if images.chunks else 1
    chunks = max(1, _BLOCK // image_bytes // chunk_rows)
    max_rows = max(1, _MAX_BLOCK // image_bytes)
    return min(chunks * chunk_rows, max_rows)
