"""Base classes of data sets of multivariate time series of one length, with or without gaps."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Array, Arrays
from facsimile.datasets.base.file import DatasetError

Values = npt.NDArray[np.float64]
IsObserved = npt.NDArray[np.bool_]
# Keys of Philox: each use of random numbers has a stream of its own.
DRAWN, SHUFFLED, MISSING = 0, 1, 2


class Series(Arrays):
    """Series of ``length`` times, each with ``features`` values at every time.

    The arrays are ``x``, float32 [n, length, features]; ``time``, float32 [n, length], when values
    were taken, in steps from 0; and ``observed``, int64 [n, length], 1 where the values are
    observed and 0 where they are missing. All features are missing together. ``x`` holds the
    missing values, too, since generated series are compared with complete ones; a model must not
    look at them.

    A subclass must set ``length`` and ``features``, and implement ``series``. It may set
    ``missing``, the share of the times that are missing, and ``others``, the shapes of further
    arrays, which its ``generate`` adds; ``shapes`` follows from these.

    Example, in ``datasets/ramps.py``::

        class Ramps(Series):  # x = a t
            name = "ramps"
            rows = 100
            length, features = 24, 1
            missing = 0.3
            licence = "none needed: generated"
            source = "our own"

            @classmethod
            def series(cls, source):
                slopes = random_numbers(DRAWN).random(cls.rows)
                return (slopes[:, None] * np.arange(cls.length))[..., None]
    """

    length: ClassVar[int]
    features: ClassVar[int]
    missing: ClassVar[float] = 0.0
    others: ClassVar[Mapping[str, tuple[int, ...]]] = {}

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if hasattr(cls, "length") and hasattr(cls, "features"):
            cls.shapes = {
                "x": (cls.length, cls.features),
                "time": (cls.length,),
                "observed": (cls.length,),
                **cls.others,
            }

    @classmethod
    @abstractmethod
    def series(cls, source: Path | None) -> Values:
        """Return all series without gaps, [rows, length, features].

        ``source`` is the official file, or None if the series are to be generated.
        """

    @classmethod
    def observed(cls) -> IsObserved:
        """Return which values are observed, [rows, length].

        By default each series loses the same number of times, drawn for it alone: the largest whole
        number up to ``missing`` times ``length``.
        """
        keys = random_numbers(MISSING).random((cls.rows, cls.length))
        ranks = keys.argsort(1).argsort(1)
        return np.asarray(ranks >= removed(cls.length, cls.missing))

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, Array]:
        x = cls.series(source)
        times = np.arange(cls.length, dtype=np.float32)
        return {
            "x": x.astype(np.float32),
            "time": np.tile(times, (len(x), 1)),
            "observed": cls.observed().astype(np.int64),
        }


class Windows(Series):
    """Overlapping windows of one long series, in random order.

    The ``rows`` windows begin at each time of the long series but the last ``length``, as in
    TimeGAN's loader (data_loading.py in jsyoon0823/TimeGAN), so that the series has ``rows`` +
    ``length`` times and its last one is in no window. Each feature is mapped to [0, 1] by its least
    and largest value over all times.

    With ``missing`` above 0, times are missing from the long series, and thus from all windows that
    contain them.

    A subclass must implement ``table`` in place of ``series``.
    """

    @classmethod
    @abstractmethod
    def table(cls, source: Path | None) -> Values:
        """Return the long series, [rows + length, features], in the order of its windows.

        ``source`` is the official file, or None if the series is to be generated.
        """

    @classmethod
    def series(cls, source: Path | None) -> Values:
        table = cls.table(source)
        if len(table) != cls._times():
            raise DatasetError(
                f"{source or cls.name}: {len(table)} rows, but {cls.name} has {cls._times()}; "
                "the file is truncated or altered; download it again"
            )
        return windows(scaled(table), cls.length)[cls._order()]

    @classmethod
    def observed(cls) -> IsObserved:
        """Return which values are observed, [rows, length]."""
        ranks = random_numbers(MISSING).permutation(cls._times())
        is_observed = ranks >= removed(cls._times(), cls.missing)
        return windows(is_observed[:, None], cls.length)[cls._order(), :, 0]

    @classmethod
    def _times(cls) -> int:
        return cls.rows + cls.length

    @classmethod
    def _order(cls) -> npt.NDArray[np.int64]:
        return random_numbers(SHUFFLED).permutation(cls.rows)


def random_numbers(stream: int) -> np.random.Generator:
    """Return the generator of one of the streams ``DRAWN``, ``SHUFFLED`` and ``MISSING``."""
    return np.random.Generator(np.random.Philox(key=stream))


def removed(
    times: int,
    share: float,
) -> int:
    """Return how many of some times are missing.

    Raises:
        ValueError: the share is not from 0 to below 1.
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share of missing times must be from 0 to below 1, not {share:g}")
    return int(times * share)


def scaled(table: Values) -> Values:
    """Return columns [m, d] mapped to [0, 1] by their least and largest values.

    Raises:
        ValueError: a column is constant.
    """
    least, largest = table.min(0), table.max(0)
    if (least == largest).any():
        constant = int((least == largest).argmax())
        raise ValueError(f"column {constant} is constant and cannot be scaled; leave it out")
    return np.asarray((table - least) / (largest - least))


def windows(
    table: npt.NDArray[Any],
    length: int,
) -> npt.NDArray[Any]:
    """Return all windows [m - length, length, d] of a table [m, d] but the last one.

    Raises:
        ValueError: the table has no more rows than a window.
    """
    if len(table) <= length:
        raise ValueError(
            f"{len(table)} rows have no window of {length} and one row after it; "
            "choose shorter windows"
        )
    every = np.lib.stride_tricks.sliding_window_view(table, length, axis=0)
    return every[:-1].swapaxes(1, 2)
