"""SmallNORB: fifty toys of five kinds, grey, 48,600 images (LeCun, Huang and Bottou 2004)."""

import math
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

from facsimile.datasets import _norb
from facsimile.datasets.base.archived import Archived
from facsimile.datasets.base.dataset import Images, Integers
from facsimile.datasets.base.file import DatasetError, Rows
from facsimile.datasets.base.official import Official

LABEL = "SmallNORB"
_SIDE, _OFFICIAL_SIDE = 64, 96
_INSTANCES = 10
_CAMERAS = 2
_READ = 540  # pairs of images read at once
_CHUNKS = (
    "smallnorb-5x46789x9x18x6x2x96x96-training",
    "smallnorb-5x01235x9x18x6x2x96x96-testing",
)
_ADDRESSES = (
    "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small",
    "http://www.cs.nyu.edu/~ylclab/data/norb-v1.0-small",
)
# (chunk, part) -> size and sha256 of the gzipped file. The parts are the images (dat), their
# categories (cat), and their other factors (info).
_SUMS = {
    (0, "dat"): (131896188, "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873"),
    (0, "cat"): (348, "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa"),
    (0, "info"): (71052, "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32"),
    (1, "dat"): (130799817, "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474"),
    (1, "cat"): (347, "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff"),
    (1, "info"): (10428, "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2"),
}


def _official(chunk: int, part: str) -> Official:
    name = f"{_CHUNKS[chunk]}-{part}.mat"
    size, checksum = _SUMS[chunk, part]
    return Official(
        f"{name}.gz",
        tuple(f"{address}/{name}.gz" for address in _ADDRESSES),
        size,
        f"sha256:{checksum}",
        "not the authors'; TensorFlow Datasets' (smallnorb/checksums.tsv)",
        unpacked=name,
    )


class SmallNORB(Archived):
    """Photographs of toys, read as in Locatello et al. (2019).

    Both chunks, training and testing, of the left camera; 96 × 96 pixels resized to 64 × 64. The
    archive's azimuths 0, 2, …, 34 are numbered 0 to 17.

    Which of the ten toys of a category an image shows is drawn uniformly at every read, as in
    disentanglement_lib (``norb.py``). A row of the file has all ten.

    Images are resized by Pillow's Lanczos filter in 32-bit integers, as there. There, values
    that the filter overshoots stay below 0 and above 255; here they are clipped. (In the Kodak
    photographs, cut into squares of 96 × 96 pixels and resized the same way, that concerns 0.2 % of
    the pixels, by at most 43 levels.)
    """

    name = "smallnorb"
    factor_names = ("category", "elevation", "azimuth", "lighting")
    factor_sizes = (5, 9, 18, 6)
    factor_kinds = ("categorical", "ordinal", "circular", "categorical")
    image_shape = (_SIDE, _SIDE, 1)
    not_factors = MappingProxyType(
        {
            "instance": "ten toys per category, one of which is drawn at every read: toy 3 of one "
            "category has nothing in common with toy 3 of another",
            "camera": "the archive's images are pairs; only the left one is read",
        }
    )
    licence = "for research; may not be sold (the authors' page)"
    source = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small"
    stochastic = True
    row_shape = (_INSTANCES, _SIDE, _SIDE)
    files = tuple(_official(chunk, part) for chunk, part in _SUMS)

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield all images of one category at a time.

        The chunks are not sorted by factors, so all 199 MB are held in memory.
        """
        paths = cls.downloaded(source)
        count = math.prod(cls.factor_sizes)
        rows = np.zeros((count, *cls.row_shape), np.uint8)
        counts = np.zeros(rows.shape[:2], np.int64)
        for chunk in range(len(_CHUNKS)):
            dat = paths[_official(chunk, "dat").name]
            cat = paths[_official(chunk, "cat").name]
            info = paths[_official(chunk, "info").name]
            index, instance = cls._read_factors(cat, info)
            np.add.at(counts, (index, instance), 1)
            if counts.max() > 1:
                raise DatasetError(
                    f"{info}: several images have the same factors; download it again"
                )
            shape = (len(index), _CAMERAS, _OFFICIAL_SIDE, _OFFICIAL_SIDE)
            first = 0
            for pairs in _norb.stream(dat, np.uint8, shape, _READ):
                block = slice(first, first + len(pairs))
                left = pairs[:, 0]
                rows[index[block], instance[block]] = _resized(left)
                first += len(pairs)
        # There are as many images as combinations of factors, and no combination occurs twice.
        assert counts.all()
        yield from np.array_split(rows, cls.factor_sizes[0])

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """Elevation (30° to 70°) and azimuth in radians; else the numbers of the values.

        The categories are animal, human, aeroplane, lorry, car.
        """
        numbers = super().values(factor)
        if factor == "elevation":
            return np.deg2rad(30 + 5 * numbers)
        if factor == "azimuth":
            return np.deg2rad(20 * numbers)
        return numbers

    @classmethod
    def _read_factors(cls, cat: Path, info: Path) -> tuple[Integers, Integers]:
        """Index and instance of each image of a chunk, both [n]."""
        n = math.prod(cls.factor_sizes) * _INSTANCES // len(_CHUNKS)
        [category] = _norb.stream(cat, np.int32, (n,), n)
        [columns] = _norb.stream(info, np.int32, (n, 4), n)
        instance, elevation, azimuth, lighting = columns.T
        # The archive's azimuths are even numbers.
        factors = np.stack([category, elevation, azimuth // 2, lighting])
        numbers = np.stack([*factors, instance])
        sizes = np.array([*cls.factor_sizes, _INSTANCES])
        out_of_range = (numbers < 0) | (numbers >= sizes[:, None])
        invalid = out_of_range | (azimuth % 2 != 0)
        if invalid.any():
            image = int(invalid.any(axis=0).argmax())  # the first
            raise DatasetError(
                f"{info}: image {image} has category {category[image]}, instance "
                f"{instance[image]}, elevation {elevation[image]}, azimuth {azimuth[image]}, "
                f"lighting {lighting[image]}, which do not exist; download it again"
            )
        index = np.ravel_multi_index(tuple(factors), cls.factor_sizes)
        return index.astype(np.int64), instance.astype(np.int64)

    def _images(
        self,
        indices: Integers,
        rng: np.random.Generator | None,
    ) -> Images:
        assert rng is not None  # ``images`` requires it
        instances = rng.integers(0, _INSTANCES, len(indices))
        return self._rows[indices, instances][..., None]


def _resized(images: Rows) -> Rows:
    """Images uint8 [n, 96, 96] resized to 64 × 64."""
    resized = []
    for pixels in images.astype(np.int32):
        image = Image.fromarray(pixels)
        small = image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        resized.append(np.asarray(small))
    clipped = np.clip(np.stack(resized), 0, 255)
    return clipped.astype(np.uint8)
