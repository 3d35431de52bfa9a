"""What a data set must be: declared completely, and made as declared, the same each time."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from facsimile.datasets import Arrays, DataFile
from facsimile.datasets.base.official_files import OfficialFiles
from facsimile.foundation import discover

KINDS = {"ordinal", "circular", "categorical"}
SAMPLE = 64
DIFFERENT = 33  # images of the sample


def problems(name: str) -> Iterator[str]:
    """Yield what is wrong with a data set; one that is made from official files is not made."""
    data_class: Any = discover.load_class("datasets", name, DataFile)
    for attribute in ("licence", "source"):
        if not getattr(data_class, attribute, ""):
            yield f"{attribute} is missing: a text"
    if issubclass(data_class, OfficialFiles):
        yield from _official_problems(data_class)
        return
    if not issubclass(data_class, Arrays):
        declared = list(_declaration_problems(data_class))
        yield from declared
        if declared:
            return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.h5"
        # The bar of progress would hide the results of other checks.
        data_class.make(path, progress=lambda done, total: None)
        data = data_class.open(path)
        if not issubclass(data_class, Arrays):
            yield from _image_problems(data)


def _official_problems(data_class: Any) -> Iterator[str]:
    for official in data_class.files:
        if not official.addresses:
            yield f"{official.name} has no address"
        if bool(official.checksum) != bool(official.checksum_from):
            yield f"{official.name}: state the checksum and who published it, or neither"


def _declaration_problems(data_class: Any) -> Iterator[str]:
    names, sizes = data_class.factor_names, data_class.factor_sizes
    lengths = {len(names), len(set(names)), len(sizes), len(data_class.factor_kinds)}
    if len(lengths) > 1:
        yield "factor_names, factor_sizes and factor_kinds must have one entry for each factor"
        return
    wrong = set(data_class.factor_kinds) - KINDS
    if wrong:
        yield f"factor_kinds: {', '.join(sorted(wrong))}; there are: {', '.join(sorted(KINDS))}"
    if min(sizes) < 2:
        yield "a factor of one value does not vary: put it in not_factors"
    if data_class.image_shape[2] not in (1, 3):
        yield f"image_shape {data_class.image_shape}: images have 1 or 3 channels"


def _image_problems(data: Any) -> Iterator[str]:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(data), SAMPLE)
    images = _read(data, rows)
    declared = (SAMPLE, *data.image_shape)
    if images.dtype != np.uint8 or images.shape != declared:
        yield f"images must be uint8 {declared}, not {images.dtype} {images.shape}"
        return
    if images.max() <= 127:
        yield f"the brightest pixel of {SAMPLE} images is {images.max()}; white is 255"
    pixels = images.reshape(SAMPLE, -1)
    different = len(np.unique(pixels, axis=0))
    if different < DIFFERENT:
        yield f"{different} of {SAMPLE} images differ; at least {DIFFERENT} must"
    if not np.array_equal(images, _read(data, rows)):
        yield "the same images differ when they are read again"


def _read(data: Any, rows: Any) -> Any:
    """Images of the rows; what a stochastic data set draws is the same each time."""
    return data.images(rows, np.random.default_rng(0) if data.stochastic else None)
