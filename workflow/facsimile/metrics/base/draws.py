"""The points that metrics use: training and test points, and batches with one factor fixed.

From a table of codes [N, d] and factors [N, k] in which every combination of factor values is
exactly one row, points are sampled as in disentanglement_lib, number for number:
``np.random.RandomState(seed)``, each factor sampled by ``randint`` in batches of 16 points, first
the training points and then the test points. From any other table, rows are sampled with
replacement by the same generator; to hold a factor fixed, rows are taken that share its value, so
the other factors vary as they do in the table. Factors that have only one value (the colour of
dSprites) are left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.float32]
Factors = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

# batch_size of disentanglement_lib's evaluation; it only decides the order of the random numbers.
POINTS = 16
# Number of points in a batch in which one factor is held fixed.
BATCH = 64


class Sample(NamedTuple):
    """Codes [n, d] and factors [n, k] of the same points.

    ``rows`` [n] are their rows in the table, if they were sampled from one.
    """

    codes: Codes
    factors: Factors
    rows: Rows | None = None


@dataclass(frozen=True)
class ModelOutputs:
    """Outputs of a model that some metrics need besides codes; rows are those of the table.

    ``log_variances``: float [N, d], of the Gaussian q(z|x). ``images``: any object that returns
    images [n, ...] in [0, 1] (or bool) when it is indexed by an array of n rows. ``decoder``: codes
    [n, d] float32 -> pixel means [n, ...]. ``classifier``: images [n, ...] -> list of k arrays
    [n, values], the predicted probabilities of the values of each factor that varies. ``peers``:
    (codes [N, d], log-variances [N, d]) of models that differ only in their seed.
    """

    log_variances: npt.ArrayLike | None = None
    images: Any = None
    decoder: Callable[[Codes], npt.ArrayLike] | None = None
    classifier: Callable[[npt.NDArray[Any]], list[npt.NDArray[Any]]] | None = None
    peers: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]] | None = None

    @property
    def names(self) -> set[str]:
        """Names of the outputs that are present."""
        names = [field.name for field in fields(self)]
        return {name for name in names if getattr(self, name) is not None}

    def of(self, name: str, metric: str) -> Any:
        """One output by name; raises ValueError with the missing argument if it is absent."""
        if getattr(self, name) is None:
            raise ValueError(f"{metric} needs {name}: facsimile.score(codes, factors, {name}=…)")
        return getattr(self, name)


class Draws:
    """The input of metrics of codes: training and test points, and the table they come from.

    Attributes
    ----------
    train, test : Sample
        The points on which metrics are fitted and tested.
    table : Table or None
        All codes and factors; None if only points were given.
    seed : int
        Seed with which the points were sampled, and of everything that a metric samples itself.
    outputs : ModelOutputs
        Further outputs of the model.
    batch : int
        Number of points in a batch that has one factor held fixed.
    """

    def __init__(
        self,
        train: Sample,
        test: Sample,
        table: "Table | None" = None,
        seed: int = 0,
        outputs: ModelOutputs | None = None,
        batch: int = BATCH,
    ) -> None:
        self.train = train
        self.test = test
        self.table = table
        self.seed = seed
        self.outputs = outputs or ModelOutputs()
        self.batch = batch
        _require_variation(train.factors)
        self._cache: dict[Any, Any] = {}

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of training and of test points."""
        return len(self.train.codes), len(self.test.codes)

    def shared(
        self,
        key: Any,
        make: Callable[[], Any],
    ) -> Any:
        """Cached result of ``make()``: metrics that use the same key share one computation."""
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def whole(self, metric: str) -> "Table":
        """The table, for metrics that sample points themselves; raises ValueError without one."""
        if self.table is None:
            raise ValueError(
                f"{metric} needs more than training and test points: "
                "give the whole table (facsimile.score), not only draws"
            )
        return self.table


class Table:
    """All codes [N, d] and factors [N, k], with methods that sample rows.

    ``sizes`` are the numbers of values of the factors. ``grid`` has the row of each combination of
    values, in C order; it is None unless every combination is exactly one row.
    """

    def __init__(self, codes: Codes, factors: Factors) -> None:
        self.codes = codes
        self.factors = numbered(factors)
        largest = self.factors.max(axis=0)
        self.sizes = tuple(int(value) + 1 for value in largest)
        self.grid = _grid(self.factors, self.sizes)
        self._rows_by_value: dict[int, _RowsByValue] = {}

    @property
    def width(self) -> int:
        """Number of factors."""
        return self.factors.shape[1]

    def draw(self, n: int, random: np.random.RandomState) -> Rows:
        """Rows of ``n`` points."""
        if self.grid is None:
            return random.randint(len(self.codes), size=n)
        return self._rows_of(self._sample_factors(n, random))

    def draw_fixed(
        self,
        n: int,
        factor: int,
        random: np.random.RandomState,
    ) -> Rows:
        """Rows of ``n`` points that agree in one factor, whose value is that of the first point."""
        if self.grid is None:
            # The value of a random row is held fixed, so frequent values are held more often.
            first = random.randint(len(self.codes))
            return self._rows_sharing(np.full(n, first), factor, random)
        values = self._sample_factors(n, random)
        values[:, factor] = values[0, factor]
        return self._rows_of(values)

    def draw_pairs(
        self,
        n: int,
        factor: int,
        random: np.random.RandomState,
    ) -> tuple[Rows, Rows]:
        """Rows of ``n`` pairs of points; the two points of a pair agree in one factor."""
        if self.grid is None:
            first_rows = random.randint(len(self.codes), size=n)
            return first_rows, self._rows_sharing(first_rows, factor, random)
        first = self._sample_factors(n, random)
        second = self._sample_factors(n, random)
        second[:, factor] = first[:, factor]
        return self._rows_of(first), self._rows_of(second)

    def sample(self, n: int, random: np.random.RandomState) -> Sample:
        """``n`` points, drawn in disentanglement_lib's batches."""
        sizes = [min(POINTS, n - start) for start in range(0, n, POINTS)]
        rows = np.concatenate([self.draw(size, random) for size in sizes])
        return Sample(self.codes[rows], self.factors[rows], rows)

    def _sample_factors(self, n: int, random: np.random.RandomState) -> Factors:
        """Values [n, k], each factor sampled independently, in the reference's order."""
        columns = [random.randint(size, size=n) for size in self.sizes]
        return np.stack(columns, axis=1)

    def _rows_of(self, factors: Factors) -> Rows:
        """Rows of combinations of values [n, k] on the grid."""
        assert self.grid is not None
        return self.grid[np.ravel_multi_index(tuple(factors.T), self.sizes)]

    def _rows_sharing(
        self,
        rows: Rows,
        factor: int,
        random: np.random.RandomState,
    ) -> Rows:
        """For each row, a random row with the same value of a factor (possibly the same row)."""
        if factor not in self._rows_by_value:
            self._rows_by_value[factor] = _rows_by_value(self.factors[:, factor], factor)
        order, start, size = self._rows_by_value[factor]
        values = self.factors[rows, factor]
        position = random.random_sample(len(rows))  # within the group of a value, in [0, 1)
        offset = (position * size[values]).astype(np.int64)
        return order[start[values] + offset]


class _RowsByValue(NamedTuple):
    """Rows sorted by one factor's values; where each value's rows start, and how many there are."""

    order: Rows
    start: Rows
    size: Rows


def _rows_by_value(values: Rows, factor: int) -> _RowsByValue:
    """Group rows by the value of a factor; raises ValueError for a value with a single row."""
    count = np.bincount(values)
    if count.min() < 2:
        raise ValueError(
            f"varying factor {factor}: value {count.argmin()} has a single row, so nothing varies "
            "while it is held fixed; give more rows, or leave out the metrics that hold factors "
            "fixed (those that need the 'table')"
        )
    order = np.argsort(values, kind="stable")
    start = np.cumsum(count) - count
    return _RowsByValue(order, start, count)


def _grid(factors: Factors, sizes: tuple[int, ...]) -> Rows | None:
    """Row of each combination of values, in C order; None unless each occurs exactly once."""
    if len(factors) != np.prod(sizes, dtype=np.float64):
        return None
    place = np.ravel_multi_index(tuple(factors.T), sizes)
    # As many rows as combinations: if one occurs twice, another one keeps its -1.
    rows = np.full(len(factors), -1, np.int64)
    rows[place] = np.arange(len(factors))
    return None if (rows < 0).any() else rows


def numbered(factors: Factors) -> Factors:
    """Values of each factor [n, k] renumbered 0, 1, 2, … in rising order, without gaps."""
    columns = [pd.factorize(column, sort=True)[0] for column in factors.T]
    return np.stack(columns, axis=1).astype(np.int64)


def from_table(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    n_train: int,
    n_test: int,
    seed: int,
    outputs: ModelOutputs | None = None,
    batch: int = BATCH,
) -> Draws:
    """Sample points from a table of codes [N, d] and factors [N, k].

    Raises ValueError for arrays that cannot be scored, and for numbers of points below 1.
    """
    counts = {"n_train": n_train, "n_test": n_test, "batch": batch}
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(f"{name} is a number of points, 1 or more, not {count!r}")
    outputs = outputs or ModelOutputs()
    points = checked(codes, factors, "codes")
    table = Table(points.codes, points.factors)
    _check_outputs(outputs, table)
    random = np.random.RandomState(seed)
    # In this order, as in the reference: both use the same stream of random numbers.
    train = table.sample(n_train, random)
    test = table.sample(n_test, random)
    return Draws(train, test, table, seed, outputs, batch)


def _check_outputs(outputs: ModelOutputs, table: Table) -> None:
    """Raise ValueError unless a model's outputs have the rows of the table and finite values."""
    n = len(table.codes)
    if outputs.log_variances is not None:
        log_variances = np.asarray(outputs.log_variances)
        _require_finite(log_variances, "log_variances", table.codes.shape)
    # Images may be generated when they are indexed, and then have no length.
    if hasattr(outputs.images, "__len__") and len(outputs.images) != n:
        raise ValueError(f"images: {len(outputs.images)} of them, but {n} rows of codes")
    for i, (codes, log_variances_of_peer) in enumerate(outputs.peers or ()):
        shape = np.shape(codes)
        if len(shape) != 2 or shape[0] != n:
            raise ValueError(
                f"peers[{i}]: codes must be [{n}, d], with the codes' rows, not {list(shape)}"
            )
        _require_finite(np.asarray(codes), f"peers[{i}] codes")
        _require_finite(np.asarray(log_variances_of_peer), f"peers[{i}] log-variances", shape)


def _require_finite(
    values: npt.NDArray[Any],
    name: str,
    shape: tuple[int, ...] | None = None,
) -> None:
    """Raise ValueError unless all values are finite and, if it is given, the shape is right."""
    if shape is not None and values.shape != shape:
        raise ValueError(f"{name} must be {list(shape)}, like the codes, not {list(values.shape)}")
    not_finite = np.argwhere(~np.isfinite(values))
    if len(not_finite):
        row, column = not_finite[0]
        raise ValueError(
            f"{name}: {len(not_finite)} values are not finite (in float32), "
            f"the first at row {row}, column {column}"
        )


def checked(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    name: str,
) -> Sample:
    """Codes as float32 [n, d] and factors as int64 [n, k].

    Raises ValueError if they have other shapes or types, are empty or are not finite; ``name`` is
    what the message calls the codes.
    """
    x, y = np.asarray(codes), np.asarray(factors)
    shapes = f"{list(x.shape)} and {list(y.shape)}"
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(f"{name} must be [n, d] and factors [n, k] of the same n, not {shapes}")
    if not x.size or not y.size:
        raise ValueError(f"{name}: there is nothing to score in arrays of shape {shapes}")
    if y.dtype.kind not in "iub":
        raise ValueError(
            f"factors must be integers (the index of each factor's value), not {y.dtype}"
        )
    # What float32 cannot hold becomes infinite, and is reported with the other values.
    with np.errstate(over="ignore"):
        x = x.astype(np.float32)
    _require_finite(x, name)
    return Sample(x, y.astype(np.int64))


def _require_variation(factors: Factors) -> None:
    """Raise ValueError if a factor has only one value in the training points."""
    constant = np.flatnonzero(np.ptp(factors, axis=0) == 0)
    if len(constant):
        raise ValueError(
            f"varying factors {constant.tolist()} have one value in all {len(factors)} training "
            "points; give more points (n_train)"
        )


def varying(train: Factors, test: Factors) -> npt.NDArray[np.int64]:
    """Columns of factors with more than one value; raises ValueError if there is none."""
    spread = np.ptp(np.concatenate([train, test]), axis=0)
    columns = np.flatnonzero(spread > 0)
    if not len(columns):
        raise ValueError("every factor has one value only: there is nothing to disentangle")
    return columns
