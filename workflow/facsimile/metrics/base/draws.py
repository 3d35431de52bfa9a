"""The points that metrics are given: training and test draws, and batches in which one factor is held fixed.

From a table of codes [N, d] and factors [N, k] the draws are those of disentanglement_lib, number for number, if every
combination of values is one row: ``np.random.RandomState(seed)``, each factor drawn with ``randint`` in batches of 16 points,
first train, then test. Any other table is drawn from row by row, with replacement, by the same generator; rows that share a
value then stand for a factor that is held fixed, so the other factors vary as they do in the table. Factors of one value
(dSprites' colour) are left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.float32]
Factors = npt.NDArray[np.int64]

POINTS = 16  # batch_size of disentanglement_lib's evaluation; only the order of its random numbers depends on it
BATCH = 64  # points in which metrics that hold a factor fixed take a variance or a mean difference


class Sample(NamedTuple):
    """Codes [n, d] and factors [n, k] of the same points; ``rows``: their rows in the table, if they were drawn from one."""

    codes: Codes
    factors: Factors
    rows: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Given:
    """What some metrics need of a model besides the codes of its images; rows are those of the table.

    ``log_variances``: float [N, d] of the Gaussian q(z|x). ``images``: anything that gives images [n, ...] in [0, 1] (or bool)
    for an array of n rows. ``decoder``: codes [n, d] float32 → means of the pixels [n, ...]. ``classifier``: images [n, ...] →
    for each varying factor the chances of its values, a list of k arrays [n, values]. ``peers``: (codes [N, d], log-variances
    [N, d]) of models that differ in their seed only.
    """

    log_variances: npt.ArrayLike | None = None
    images: Any = None
    decoder: Callable[[Codes], npt.ArrayLike] | None = None
    classifier: Callable[[npt.NDArray[Any]], list[npt.NDArray[Any]]] | None = None
    peers: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]] | None = None

    @property
    def names(self) -> set[str]:
        """What is there."""
        return {field.name for field in fields(self) if getattr(self, field.name) is not None}

    def of(self, name: str, metric: str) -> Any:
        """One of them by its name; raises ValueError that says how to give it."""
        if getattr(self, name) is None:
            raise ValueError(f"{metric} needs {name}: facsimile.score(codes, factors, {name}=…)")
        return getattr(self, name)


class Draws:
    """What one evaluation draws, made when it is first asked for; ``shared`` keeps what several metrics need."""

    def __init__(
        self,
        train: Sample,
        test: Sample,
        table: "Table | None" = None,
        seed: int = 0,
        given: Given | None = None,
        batch: int = BATCH,
    ) -> None:
        self.train, self.test, self.table, self.seed = train, test, table, seed
        self.given, self.batch = given or Given(), batch
        _vary_in_training(train.factors)
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
            raise ValueError(
                f"{metric} draws more than training and test points: give the whole table (facsimile.score), not only draws"
            )
        return self.table


class Table:
    """All codes and factors, with a way to draw rows of which some factors are given."""

    def __init__(self, codes: Codes, factors: Factors) -> None:
        self.codes, self.factors = codes, numbered(factors)
        self.sizes = tuple(int(size) for size in self.factors.max(axis=0) + 1)
        self.grid = _grid(
            self.factors, self.sizes
        )  # the row of each combination of values, in C order; None if it is no grid
        self._groups: dict[int, _Groups] = {}

    @property
    def width(self) -> int:
        """Number of factors."""
        return self.factors.shape[1]

    def draw(self, n: int, random: np.random.RandomState) -> npt.NDArray[np.int64]:
        """Rows of ``n`` points."""
        if self.grid is None:
            return random.randint(len(self.codes), size=n)
        return self._at(self._factors(n, random))

    def draw_fixed(
        self, n: int, factor: int, random: np.random.RandomState
    ) -> npt.NDArray[np.int64]:
        """Rows of ``n`` points that agree in one factor, whose value is that of the first point."""
        if self.grid is None:
            first = random.randint(len(self.codes))
            return self._fellows(np.full(n, first), factor, random)
        drawn = self._factors(n, random)
        drawn[:, factor] = drawn[0, factor]
        return self._at(drawn)

    def draw_pairs(
        self, n: int, factor: int, random: np.random.RandomState
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Rows of ``n`` pairs of points; the two of a pair agree in one factor."""
        if self.grid is None:
            first = random.randint(len(self.codes), size=n)
            return first, self._fellows(first, factor, random)
        one, two = self._factors(n, random), self._factors(n, random)
        two[:, factor] = one[:, factor]
        return self._at(one), self._at(two)

    def sample(self, n: int, random: np.random.RandomState) -> Sample:
        """``n`` points, drawn in disentanglement_lib's batches."""
        sizes = [min(POINTS, n - i) for i in range(0, n, POINTS)]
        rows = np.concatenate([self.draw(size, random) for size in sizes])
        return Sample(self.codes[rows], self.factors[rows], rows)

    def _factors(self, n: int, random: np.random.RandomState) -> Factors:
        return np.stack([random.randint(size, size=n) for size in self.sizes], axis=1)

    def _at(self, factors: Factors) -> npt.NDArray[np.int64]:
        assert self.grid is not None
        return self.grid[np.ravel_multi_index(tuple(factors.T), self.sizes)]

    def _fellows(
        self, rows: npt.NDArray[np.int64], factor: int, random: np.random.RandomState
    ) -> npt.NDArray[np.int64]:
        """For each row one that has the same value of a factor, by chance the same row."""
        if factor not in self._groups:
            self._groups[factor] = _groups(self.factors[:, factor], factor)
        order, start, size = self._groups[factor]
        values = self.factors[rows, factor]
        return order[
            start[values] + (random.random_sample(len(rows)) * size[values]).astype(np.int64)
        ]


class _Groups(NamedTuple):
    """Rows in the order of one factor's values; where each value's rows start, and how many there are."""

    order: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]


def _groups(values: npt.NDArray[np.int64], factor: int) -> _Groups:
    count = np.bincount(values)
    if count.min() < 2:
        raise ValueError(
            f"varying factor {factor}: value {count.argmin()} has a single row, so nothing varies while it is held "
            "fixed; give more rows, or leave out the metrics that hold factors fixed (those that need the 'table')"
        )
    return _Groups(np.argsort(values, kind="stable"), np.cumsum(count) - count, count)


def _grid(factors: Factors, sizes: tuple[int, ...]) -> npt.NDArray[np.int64] | None:
    """The row of each combination of values, in C order; None unless every combination is there once."""
    if len(factors) != np.prod(sizes, dtype=np.float64):
        return None
    place = np.ravel_multi_index(tuple(factors.T), sizes)
    rows = np.full(len(factors), -1, np.int64)
    rows[place] = np.arange(len(factors))
    return None if (rows < 0).any() else rows


def numbered(factors: Factors) -> Factors:
    """Values of each factor [n, k] numbered 0, 1, 2, … in rising order, without gaps."""
    return np.stack([pd.factorize(column, sort=True)[0] for column in factors.T], axis=1).astype(
        np.int64
    )


def from_table(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    n_train: int,
    n_test: int,
    seed: int,
    given: Given | None = None,
    batch: int = BATCH,
) -> Draws:
    """Draws from a table of codes [N, d] and factors [N, k]; raises ValueError for what no metric can be asked of."""
    for name, count in (("n_train", n_train), ("n_test", n_test), ("batch", batch)):
        if not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(f"{name} is a number of points, 1 or more, not {count!r}")
    given = given or Given()
    table = Table(*checked(codes, factors, "codes")[:2])
    _fitting(given, table)
    random = np.random.RandomState(seed)
    return Draws(
        table.sample(n_train, random), table.sample(n_test, random), table, seed, given, batch
    )


def _fitting(given: Given, table: Table) -> None:
    """Raise ValueError unless what is given has the table's rows."""
    if given.log_variances is not None:
        _finite_like(np.asarray(given.log_variances), table.codes.shape, "log_variances")
    if (
        given.images is not None
        and hasattr(given.images, "__len__")
        and len(given.images) != len(table.codes)
    ):
        raise ValueError(
            f"images: {len(given.images)} of them, but {len(table.codes)} rows of codes"
        )
    for i, (codes, log_variances) in enumerate(given.peers or ()):
        shape = np.shape(codes)
        if len(shape) != 2 or shape[0] != len(table.codes):
            raise ValueError(
                f"peers[{i}]: codes must be [{len(table.codes)}, d], with the codes' rows, not {list(shape)}"
            )
        _finite_like(np.asarray(codes), shape, f"peers[{i}] codes")
        _finite_like(np.asarray(log_variances), shape, f"peers[{i}] log-variances")


def _finite_like(values: npt.NDArray[Any], shape: tuple[int, ...], name: str) -> None:
    if values.shape != shape:
        raise ValueError(f"{name} must be {list(shape)}, like the codes, not {list(values.shape)}")
    _finite(values, name)


def _finite(values: npt.NDArray[Any], name: str) -> None:
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"{name}: {len(wrong)} values are not finite (in float32), the first at row {row}, column {column}"
        )


def checked(codes: npt.ArrayLike, factors: npt.ArrayLike, name: str) -> Sample:
    """Codes as float32 [n, d] and the factors that vary as int64 [n, k]; raises ValueError that says what is wrong."""
    x, y = np.asarray(codes), np.asarray(factors)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(
            f"{name} must be [n, d] and factors [n, k] of the same n, not {list(x.shape)} and {list(y.shape)}"
        )
    if not x.size or not y.size:
        raise ValueError(
            f"{name}: there is nothing to score in arrays of shape {list(x.shape)} and {list(y.shape)}"
        )
    if y.dtype.kind not in "iub":
        raise ValueError(
            f"factors must be integers (the index of each factor's value), not {y.dtype}"
        )
    with np.errstate(
        over="ignore"
    ):  # what float32 cannot hold becomes infinite, and is refused with the rest
        x = x.astype(np.float32)
    _finite(x, name)
    return Sample(x, y.astype(np.int64))


def _vary_in_training(factors: Factors) -> None:
    same = np.flatnonzero(np.ptp(factors, axis=0) == 0)
    if len(same):
        raise ValueError(
            f"varying factors {same.tolist()} have one value in all {len(factors)} training points; give more points (n_train)"
        )


def varying(train: Factors, test: Factors) -> npt.NDArray[np.int64]:
    """Columns of factors with more than one value; raises ValueError if there is none."""
    columns = np.flatnonzero(np.ptp(np.concatenate([train, test]), axis=0) > 0)
    if not len(columns):
        raise ValueError("every factor has one value only: there is nothing to disentangle")
    return columns
