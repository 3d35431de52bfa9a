"""Base class of data sets of images whose factors of variation form a complete grid."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from facsimile.foundation import discover

Kind = Literal["ordinal", "circular", "categorical"]
Images = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Dataset(ABC):
    """Images and the factors of variation that they were made from.

    Every combination of factor values occurs exactly once. Images are numbered from 0 in C order,
    so the last factor varies fastest.

    New data sets do not subclass this class directly, but ``Stored`` (in memory), ``Archived``
    (made from official files) or ``OnDisk`` (too large for memory). All of them set these class
    attributes:

    - ``name``: name of the data set, unique among all data sets.
    - ``factor_names``, ``factor_sizes``, ``factor_kinds``: name, number of values and kind of each
      factor.
    - ``image_shape``: (height, width, channels) of an image, in pixels.
    - ``licence``, ``source``: licence of the images, and where they come from.
    - ``not_factors``: what the paper or its archive lists as a factor and this data set does not,
      with the reason. Empty by default.
    - ``symmetries``: factor -> which of its values give the same images, so that no metric can
      tell them apart. Empty by default.
    - ``stochastic``: whether a random part of the image is drawn each time it is read, so that an
      index stands for a distribution of images. False by default.

    Example::

        data = facsimile.dataset("dsprites")
        images = data.images([0, 1, 2])            # uint8 [3, 64, 64, 1]
        factors = data.factors([0, 1, 2])          # int64 [3, 5]
        data.indices(factors)                      # [0, 1, 2]
        data.values("scale")                       # [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
        smaller = data.subgrid({"x_position": 2})  # every second x position
    """

    name: str
    factor_names: tuple[str, ...]
    factor_sizes: tuple[int, ...]
    factor_kinds: tuple[Kind, ...]
    image_shape: tuple[int, int, int]
    not_factors: Mapping[str, str] = MappingProxyType({})
    symmetries: Mapping[str, str] = MappingProxyType({})
    licence: str
    source: str
    stochastic: bool = False

    def __len__(self) -> int:
        """Number of images."""
        return math.prod(self.factor_sizes)

    def images(
        self,
        indices: npt.ArrayLike,
        rng: np.random.Generator | None = None,
    ) -> Images:
        """Images at the given indices.

        ``indices``: integers [n], each from 0 to ``len(self) - 1``.
        ``rng``: random generator of a stochastic data set, required there; ignored otherwise.

        Returns uint8 [n, height, width, channels] from 0 to 255, also for binary images. Networks
        are given ``images / 255``.

        Raises IndexError for an index out of range (negative indices included), TypeError if
        ``indices`` is not a list of integers, and ValueError if a stochastic data set is read
        without ``rng``.
        """
        if self.stochastic and rng is None:
            raise ValueError(
                f"{self.name}: its images have a random part that is drawn at every read; "
                "pass a generator: images(indices, rng)"
            )
        return self._images(self._checked(indices), rng)

    def factors(self, indices: npt.ArrayLike) -> Integers:
        """Factor values at the given indices, int64 [n, k], each counted from 0.

        ``indices``: integers [n]. Raises the same errors as ``images``.
        """
        indices = self._checked(indices)
        coordinates = np.unravel_index(indices, self.factor_sizes)
        values = np.stack(coordinates, axis=1)
        return values.astype(np.int64, copy=False)

    def indices(self, factors: npt.ArrayLike) -> Integers:
        """Indices of the images with the given factor values: the inverse of ``factors``.

        ``factors``: integers [n, k], each counted from 0. Returns int64 [n].

        Raises ValueError for another shape, TypeError for values that are not integers, IndexError
        for a value out of range.
        """
        values = _integers(factors, self.name)
        k = len(self.factor_sizes)
        if values.ndim != 2 or values.shape[1] != k:
            expected = f"[n, {k}] for {', '.join(self.factor_names)}"
            raise ValueError(
                f"{self.name}: factors must have the shape {expected}, not {list(values.shape)}"
            )
        columns = tuple(values.T)
        for position, name in enumerate(self.factor_names):
            subject = f"{self.name}: factor {name} has"
            _check_range(columns[position], self.factor_sizes[position], subject)
        indices = np.ravel_multi_index(columns, self.factor_sizes)
        return indices.astype(np.int64, copy=False)

    def values(self, factor: str) -> Floats:
        """What the values 0, 1, … of a factor stand for, float64 [size].

        For example scales, or angles in radians. By default the numbers 0, 1, … themselves; a
        subclass overrides this where it knows more. Raises UnknownName for an unknown factor.
        """
        size = self.factor_sizes[self._position(factor)]
        return np.arange(size, dtype=np.float64)

    def subgrid(self, strides: Mapping[str, int]) -> "Dataset":
        """The data set with only every n-th value of the named factors.

        ``strides``: factor -> n. The first value of a factor is always kept. The result is again a
        complete grid in C order; without strides above 1 it is the data set itself.

        Raises UnknownName for an unknown factor, ValueError for a stride below 1.
        """
        steps = [1] * len(self.factor_sizes)
        for factor, stride in strides.items():
            if stride < 1:
                raise ValueError(
                    f"{self.name}: the stride of {factor} must be 1 or more, not {stride}"
                )
            steps[self._position(factor)] = stride
        if all(step == 1 for step in steps):
            return self
        return _Subgrid(self, tuple(steps))

    @abstractmethod
    def _images(
        self,
        indices: Integers,
        rng: np.random.Generator | None,
    ) -> Images:
        """Same as ``images``, for indices that were already checked."""

    def _position(self, factor: str) -> int:
        if factor not in self.factor_names:
            raise discover.UnknownName(f"factor of {self.name}", factor, list(self.factor_names))
        return self.factor_names.index(factor)

    def _checked(self, indices: npt.ArrayLike) -> Integers:
        values = _integers(indices, self.name)
        if values.ndim != 1:
            raise TypeError(
                f"{self.name}: indices must be a list of integers [n], "
                f"not an array of shape {list(values.shape)}"
            )
        _check_range(values, len(self), f"{self.name} has")
        return values


class _Subgrid(Dataset):
    """A view of another data set with only every n-th value of its factors."""

    def __init__(self, whole: Dataset, steps: tuple[int, ...]) -> None:
        self._whole = whole
        self._steps = steps
        strides = [
            f"{factor}:{step}"
            for factor, step in zip(whole.factor_names, steps, strict=True)
            if step > 1
        ]
        self.name = f"{whole.name}[{', '.join(strides)}]"
        self.factor_names = whole.factor_names
        self.factor_kinds = whole.factor_kinds
        # Rounded up: the first value is always kept.
        self.factor_sizes = tuple(
            math.ceil(size / step) for size, step in zip(whole.factor_sizes, steps, strict=True)
        )
        self.image_shape = whole.image_shape
        self.stochastic = whole.stochastic
        self.not_factors = whole.not_factors
        self.symmetries = whole.symmetries
        self.licence = whole.licence
        self.source = whole.source

    def values(self, factor: str) -> Floats:
        step = self._steps[self._position(factor)]
        return self._whole.values(factor)[::step]

    def _images(
        self,
        indices: Integers,
        rng: np.random.Generator | None,
    ) -> Images:
        factors_of_whole = self.factors(indices) * self._steps
        indices_of_whole = self._whole.indices(factors_of_whole)
        return self._whole.images(indices_of_whole, rng)


def _integers(values: npt.ArrayLike, name: str) -> Integers:
    """The values as int64; raises TypeError that names the data set if they are not integers."""
    array = np.asarray(values)
    # An empty list has the type float64, and is a valid list of indices.
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"{name}: expected integers, not {array.dtype}")
    return array.astype(np.int64, copy=False)


def _check_range(values: Integers, size: int, subject: str) -> None:
    """Raise IndexError unless all values are from 0 to ``size - 1``."""
    if not values.size:
        return
    if values.min() < 0 or values.max() >= size:
        wrong = values[(values < 0) | (values >= size)]
        raise IndexError(f"{subject} the values 0 to {size - 1}; {wrong[0]} is out of range")
