"""The points that metrics are given: training and test draws, and batches in which one factor is held fixed.

From a table of codes [N, d] and factors [N, k] the draws are those of disentanglement_lib, number for number, if the factors form a
complete grid: ``np.random.RandomState(seed)``, each factor drawn with ``randint`` in batches of 16 points, first train, then test. A
table that is no grid is drawn from row by row, with replacement, by the same generator. Factors of one value (dSprites' colour) carry
no information and are left out.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.float32]
Factors = npt.NDArray[np.int64]

POINTS = 16  # batch_size of disentanglement_lib's evaluation; only the order of its random numbers depends on it


class Sample(NamedTuple):
    """Codes [n, d] and factors [n, k] of the same points."""

    codes: Codes
    factors: Factors


class Draws:
    """What one evaluation draws, made when it is first asked for; ``shared`` keeps what several metrics need."""

    def __init__(self, train: Sample, test: Sample, table: "Table | None" = None, seed: int = 0) -> None:
        self.train, self.test, self.table, self.seed = train, test, table, seed
        self._kept: dict[Any, Any] = {}

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of training and test points."""
        return len(self.train.codes), len(self.test.codes)

    def shared(self, key: Any, make: Callable[[], Any]) -> Any:
        """The value of ``make()``, computed once per key: metrics share it without knowing each other."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def whole(self, metric: str) -> "Table":
        """The table, for metrics that draw batches of their own; raises ValueError if only draws were given."""
        if self.table is None:
            raise ValueError(f"{metric} draws batches with one factor fixed: give the whole table (facsimile.score), not only draws")
        return self.table


class Table:
    """All codes and factors, with a way to draw rows of which some factors are given."""

    def __init__(self, codes: Codes, factors: Factors) -> None:
        self.codes, self.factors = codes, factors
        self.sizes = tuple(int(size) for size in factors.max(axis=0) + 1)
        self.is_grid = _is_grid(factors, self.sizes)
        self._rows: dict[int, list[npt.NDArray[np.int64]]] = {}

    @property
    def width(self) -> int:
        """Number of factors."""
        return self.factors.shape[1]

    def draw(self, n: int, random: np.random.RandomState) -> npt.NDArray[np.int64]:
        """Rows of ``n`` points."""
        if not self.is_grid:
            return random.randint(len(self.codes), size=n)
        return self._at(self._factors(n, random))

    def draw_fixed(self, n: int, factor: int, random: np.random.RandomState) -> npt.NDArray[np.int64]:
        """Rows of ``n`` points that agree in one factor, whose value is that of the first point."""
        if not self.is_grid:
            first = random.randint(len(self.codes))
            return random.choice(self._rows_of(factor)[self.factors[first, factor]], size=n)
        drawn = self._factors(n, random)
        drawn[:, factor] = drawn[0, factor]
        return self._at(drawn)

    def draw_pairs(self, n: int, factor: int, random: np.random.RandomState) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Rows of ``n`` pairs of points; the two of a pair agree in one factor."""
        if not self.is_grid:
            first = random.randint(len(self.codes), size=n)
            rows = self._rows_of(factor)
            return first, np.array([random.choice(rows[value]) for value in self.factors[first, factor]])
        one, two = self._factors(n, random), self._factors(n, random)
        two[:, factor] = one[:, factor]
        return self._at(one), self._at(two)

    def sample(self, n: int, random: np.random.RandomState) -> Sample:
        """``n`` points, drawn in disentanglement_lib's batches."""
        sizes = [min(POINTS, n - i) for i in range(0, n, POINTS)]
        rows = np.concatenate([self.draw(size, random) for size in sizes])
        return Sample(self.codes[rows], self.factors[rows])

    def _factors(self, n: int, random: np.random.RandomState) -> Factors:
        return np.stack([random.randint(size, size=n) for size in self.sizes], axis=1)

    def _at(self, factors: Factors) -> npt.NDArray[np.int64]:
        return np.ravel_multi_index(tuple(factors.T), self.sizes)

    def _rows_of(self, factor: int) -> list[npt.NDArray[np.int64]]:
        if factor not in self._rows:
            self._rows[factor] = [np.flatnonzero(self.factors[:, factor] == value) for value in range(self.sizes[factor])]
        return self._rows[factor]


def _is_grid(factors: Factors, sizes: tuple[int, ...]) -> bool:
    if len(factors) != np.prod(sizes):
        return False
    return bool(np.array_equal(np.ravel_multi_index(tuple(factors.T), sizes), np.arange(len(factors))))


def from_table(codes: npt.ArrayLike, factors: npt.ArrayLike, n_train: int, n_test: int, seed: int) -> Draws:
    """Draws from a table of codes [N, d] and factors [N, k]; raises ValueError for what no metric can be asked of."""
    table = Table(*checked(codes, factors, "codes"))
    random = np.random.RandomState(seed)
    return Draws(table.sample(n_train, random), table.sample(n_test, random), table, seed)


def checked(codes: npt.ArrayLike, factors: npt.ArrayLike, name: str) -> Sample:
    """Codes as float32 [n, d] and the factors that vary as int64 [n, k]; raises ValueError that says what is wrong."""
    x, y = np.asarray(codes), np.asarray(factors)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(f"{name} must be [n, d] and factors [n, k] of the same n, not {list(x.shape)} and {list(y.shape)}")
    if not x.size or not y.size:
        raise ValueError(f"{name}: there is nothing to score in arrays of shape {list(x.shape)} and {list(y.shape)}")
    if y.dtype.kind not in "iub":
        raise ValueError(f"factors must be integers (the index of each factor's value), not {y.dtype}")
    x = x.astype(np.float32)
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise ValueError(f"{name}: {np.count_nonzero(~np.isfinite(x))} values are not finite, the first at row {row}, column {column}")
    if y.min() < 0:
        raise ValueError("factors must not be negative: each is the index of a value, from 0")
    return Sample(x, y.astype(np.int64))


def varying(train: Factors, test: Factors) -> npt.NDArray[np.int64]:
    """Columns of factors with more than one value; raises ValueError if there is none."""
    columns = np.flatnonzero(np.ptp(np.concatenate([train, test]), axis=0) > 0)
    if not len(columns):
        raise ValueError("every factor has one value only: there is nothing to disentangle")
    return columns
