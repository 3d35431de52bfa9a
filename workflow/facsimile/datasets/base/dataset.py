"""What a data set is: images on a complete grid of factors, numbered in C order (the last factor varies fastest)."""

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


class Dataset(ABC):
    """Images and the factors they were made from; every combination of factor values occurs once.

    ``not_factors`` says what the paper or its archive lists as a factor and this data set does not, and why.
    ``symmetries`` says of a factor which of its values give the same images, so that no metric can tell them apart.
    ``stochastic`` data sets draw something anew at every read, so that an index names a distribution of images.
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
        """How many images there are."""
        return math.prod(self.factor_sizes)

    def images(self, indices: npt.ArrayLike, rng: np.random.Generator | None = None) -> Images:
        """Images of the given indices, uint8 [n, h, w, c], from 0 to 255, binary ones too: networks see ``images / 255``.

        A stochastic data set draws from ``rng`` and refuses to go without (ValueError); any other does not use it.
        Raises IndexError for an index outside range(len), negative ones included, TypeError for what is no list of integers.
        """
        if self.stochastic and rng is None:
            raise ValueError(
                f"{self.name}: its images are drawn anew at every read; give a generator: images(indices, rng)"
            )
        return self._images(self._checked(indices), rng)

    def factors(self, indices: npt.ArrayLike) -> Integers:
        """Factor values of the given indices, int64 [n, k], each from 0; raises as ``images`` does."""
        return np.stack(np.unravel_index(self._checked(indices), self.factor_sizes), axis=1).astype(
            np.int64, copy=False
        )

    def indices(self, factors: npt.ArrayLike) -> Integers:
        """Indices [n] of the images with the given factor values, integers [n, k]: the inverse of ``factors``.

        Raises ValueError for another shape, TypeError for values that are not integers, IndexError for a value out of range.
        """
        values = _integers(factors, self.name)
        if values.ndim != 2 or values.shape[1] != len(self.factor_sizes):
            expected = f"[n, {len(self.factor_sizes)}] for {', '.join(self.factor_names)}"
            raise ValueError(
                f"{self.name}: factors must have the shape {expected}, not {list(values.shape)}"
            )
        for column, name, size in zip(values.T, self.factor_names, self.factor_sizes, strict=True):
            _in_range(column, size, f"{self.name}: factor {name} has")
        return np.ravel_multi_index(tuple(values.T), self.factor_sizes).astype(np.int64, copy=False)

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        """What the values 0, 1, … of a factor stand for, float64 [size]: scales, angles in radians; by default themselves."""
        return np.arange(self.factor_sizes[self._position(factor)], dtype=np.float64)

    def subgrid(self, strides: Mapping[str, int]) -> "Dataset":
        """The data set with every n-th value of the named factors, the first always kept; itself a complete grid in C order.

        Raises UnknownName for a factor that it does not have, ValueError for a stride below 1.
        """
        steps = [1] * len(self.factor_sizes)
        for factor, stride in strides.items():
            if stride < 1:
                raise ValueError(
                    f"{self.name}: the stride of {factor} must be 1 or more, not {stride}"
                )
            steps[self._position(factor)] = stride
        return _Subgrid(self, tuple(steps)) if any(step > 1 for step in steps) else self

    @abstractmethod
    def _images(self, indices: Integers, rng: np.random.Generator | None) -> Images:
        """What ``images`` answers, for indices that were checked."""

    def _position(self, factor: str) -> int:
        if factor not in self.factor_names:
            raise discover.UnknownName(f"factor of {self.name}", factor, list(self.factor_names))
        return self.factor_names.index(factor)

    def _checked(self, indices: npt.ArrayLike) -> Integers:
        values = _integers(indices, self.name)
        if values.ndim != 1:
            raise TypeError(
                f"{self.name}: indices must be a list of integers [n], not an array of shape {list(values.shape)}"
            )
        _in_range(values, len(self), f"{self.name} has")
        return values


class _Subgrid(Dataset):
    """A view of another data set that has every n-th value of its factors."""

    def __init__(self, whole: Dataset, steps: tuple[int, ...]) -> None:
        self._whole, self._steps = whole, steps
        strides = zip(whole.factor_names, steps, strict=True)
        self.name = (
            f"{whole.name}[{', '.join(f'{name}:{step}' for name, step in strides if step > 1)}]"
        )
        self.factor_names, self.factor_kinds = whole.factor_names, whole.factor_kinds
        self.factor_sizes = tuple(
            -(-size // step) for size, step in zip(whole.factor_sizes, steps, strict=True)
        )
        self.image_shape, self.stochastic = whole.image_shape, whole.stochastic
        self.not_factors, self.symmetries = whole.not_factors, whole.symmetries
        self.licence, self.source = whole.licence, whole.source

    def values(self, factor: str) -> npt.NDArray[np.float64]:
        return self._whole.values(factor)[:: self._steps[self._position(factor)]]

    def _images(self, indices: Integers, rng: np.random.Generator | None) -> Images:
        return self._whole.images(self._whole.indices(self.factors(indices) * self._steps), rng)


def _integers(values: npt.ArrayLike, name: str) -> Integers:
    array = np.asarray(values)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"{name}: expected integers, not {array.dtype}")
    return array.astype(np.int64, copy=False)


def _in_range(values: Integers, size: int, who: str) -> None:
    if values.size and (values.min() < 0 or values.max() >= size):
        wrong = values[(values < 0) | (values >= size)][0]
        raise IndexError(f"{who} the values 0 to {size - 1}; {wrong} is out of range")
