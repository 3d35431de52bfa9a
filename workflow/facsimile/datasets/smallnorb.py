"""SmallNORB: fifty toys of five kinds, photographed in grey, 48,600 images (LeCun, Huang and Bottou 2004)."""

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
_CHUNKS = ("smallnorb-5x46789x9x18x6x2x96x96-training", "smallnorb-5x01235x9x18x6x2x96x96-testing")
_PLACES = (
    "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small",
    "http://www.cs.nyu.edu/~ylclab/data/norb-v1.0-small",
)
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
        tuple(f"{place}/{name}.gz" for place in _PLACES),
        size,
        f"sha256:{checksum}",
        "not the authors'; TensorFlow Datasets' (smallnorb/checksums.tsv)",
        unpacked=name,
    )


class SmallNORB(Archived):
    """Read as the study did: both chunks, the left camera, 96 × 96 resized to 64 × 64, azimuth halved from 0, 2, …, 34.

    Which of the ten toys of a category an image shows is drawn anew at every read, uniformly, as disentanglement_lib
    (``norb.py``) does; a row of the file has all ten. Resizing is Pillow's Lanczos in 32-bit integers, as there, where what
    the filter overshoots stays below 0 and above 255; here it is cut. (Of the Kodak photographs, in squares of 96 × 96 pixels
    treated so, it is 0.2 % of the pixels, by at most 43 levels.)
    """

    name = "smallnorb"
    factor_names = ("category", "elevation", "azimuth", "lighting")
    factor_sizes = (5, 9, 18, 6)
    factor_kinds = ("categorical", "ordinal", "circular", "categorical")
    image_shape = (_SIDE, _SIDE, 1)
    not_factors = MappingProxyType(
        {
            "instance": "ten toys a category, of which one is drawn at every read: toy 3 of one category has nothing in common "
            "with toy 3 of another",
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
        """All images of a category at a time; 199 MB are held at once, as the chunks are in no order of the factors."""
        paths = cls.located(source)
        rows = np.zeros((math.prod(cls.factor_sizes), *cls.row_shape), np.uint8)
        seen = np.zeros(rows.shape[:2], np.int64)
        for chunk in range(len(_CHUNKS)):
            dat, cat, info = (paths[_official(chunk, part).name] for part in ("dat", "cat", "info"))
            index, instance = cls._places(cat, info, dat)
            np.add.at(seen, (index, instance), 1)
            if seen.max() > 1:
                raise DatasetError(
                    f"{info}: several images have the same factors; download it again"
                )
            shape = (len(index), _CAMERAS, _OFFICIAL_SIDE, _OFFICIAL_SIDE)
            first = 0
            for pairs in _norb.stream(dat, np.uint8, shape, _READ):
                here = slice(first, first + len(pairs))
                rows[index[here], instance[here]] = _resized(pairs[:, 0])
                first += len(pairs)
        assert seen.all()  # as many images as places, and no place twice
        yield from np.array_split(rows, cls.factor_sizes[0])

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """Elevation (30° to 70°) and azimuth in radians; categories are animal, human, aeroplane, lorry, car."""
        steps = super().values(factor)
        return {"elevation": np.deg2rad(30 + 5 * steps), "azimuth": np.deg2rad(20 * steps)}.get(
            factor, steps
        )

    @classmethod
    def _places(cls, cat: Path, info: Path, dat: Path) -> tuple[Integers, Integers]:
        """Index and instance of each image of a chunk."""
        n = math.prod(cls.factor_sizes) * _INSTANCES // len(_CHUNKS)
        [category] = _norb.stream(cat, np.int32, (n,), n)
        [(instance, elevation, azimuth, lighting)] = (
            block.T for block in _norb.stream(info, np.int32, (n, 4), n)
        )
        stated = np.stack([category, elevation, azimuth // 2, lighting, instance])
        sizes = (*cls.factor_sizes, _INSTANCES)
        wrong = (stated < 0) | (stated >= np.array(sizes)[:, None]) | (azimuth % 2 != 0)
        if wrong.any():
            image = int(np.flatnonzero(wrong.any(axis=0))[0])
            raise DatasetError(
                f"{info}: image {image} has category {category[image]}, instance {instance[image]}, elevation "
                f"{elevation[image]}, azimuth {azimuth[image]}, lighting {lighting[image]}, which are none; download it again"
            )
        return np.ravel_multi_index(tuple(stated[:4]), cls.factor_sizes).astype(np.int64), stated[
            4
        ].astype(np.int64)

    def _images(self, indices: Integers, rng: np.random.Generator | None) -> Images:
        assert rng is not None  # ``images`` does not go without
        return self._rows[indices, rng.integers(0, _INSTANCES, len(indices))][..., None]


def _resized(images: Rows) -> Rows:
    """Images uint8 [n, 96, 96] to 64 × 64."""
    small = [
        Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        for image in images.astype(np.int32)
    ]
    return np.clip(np.stack([np.asarray(image) for image in small]), 0, 255).astype(np.uint8)
