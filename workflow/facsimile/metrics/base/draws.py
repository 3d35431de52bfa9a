"""The points that metrics use: training and test points, and batches with one factor fixed.

From a table of codes [N, d] and factors [N, k] in which every combination of factor values is
exactly one row, points are sampled as in disentanglement_lib, number for number:
``np.random.RandomState(seed)``, each factor sampled by ``randint`` in batches of 16 points, first
the training points and then the test points. Any other table is a sample, whose rows are split by
the same generator: each row is a training point, a test point or unused. To hold a factor fixed,
rows of the same side are taken that share its value, so the other factors vary as they do in the
table. Factors that have only one value (the colour of dSprites) are left out.
"""

import copy
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
# How training and test points are sampled from a table. ``auto``: with replacement from a full
# grid, as the reference does; disjoint rows of any other table.
AUTO, DISJOINT, REPLACEMENT = "auto", "disjoint", "replacement"
SAMPLING = (AUTO, DISJOINT, REPLACEMENT)
# Of a table with fewer rows than are requested, the share that is used for testing: 1 / 3.
TEST_SHARE = 3


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
    test_points : Sample
        The same as ``test``, for other purposes than a score.
    used_test : bool
        Whether any metric has used test points, or both sides of the table.
    parts : tuple of (Table, Table) or None
        The training and the test rows, if the rows of the table were split; None if points were
        sampled with replacement, or only points were given.
    names : sequence of str
        What messages call each factor.
    """

    def __init__(
        self,
        train: Sample,
        test: Sample,
        table: "Table | None" = None,
        seed: int = 0,
        outputs: ModelOutputs | None = None,
        batch: int = BATCH,
        parts: "tuple[Table, Table] | None" = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.train = train
        self.test_points = test
        self.used_test = False
        self.table = table
        self.seed = seed
        self.outputs = outputs or ModelOutputs()
        self.batch = batch
        self.parts = parts
        self.names = names or column_names(train.factors.shape[1])
        _require_variation(train.factors, self.names)
        self._cache: dict[Any, Any] = {}

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of training and of test points."""
        return len(self.train.codes), len(self.test_points.codes)

    @property
    def test(self) -> Sample:
        """The test points; ``used_test`` then says that a metric has used them."""
        self.used_test = True
        return self.test_points

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

    def sides(self, metric: str) -> tuple["Table", "Table"]:
        """The tables from which a metric samples points of its own for training and for testing.

        They have no row in common if the table was split; otherwise both are the whole table.
        Raises ValueError without a table.
        """
        self.used_test = True
        if self.parts is not None:
            return self.parts
        table = self.whole(metric)
        return table, table


class Table:
    """All codes [N, d] and factors [N, k], with methods that sample rows.

    ``sizes`` are the numbers of values of the factors. ``grid`` has the row of each combination of
    values, in C order; it is None unless every combination is exactly one row. ``rows`` are those
    that points are sampled from: all of them, or those of one side of a split. ``names`` and
    ``values`` are what messages call the factors and their values.
    """

    def __init__(
        self,
        codes: Codes,
        factors: Factors,
        names: Sequence[str] | None = None,
    ) -> None:
        self.codes = codes
        self.factors, self.values = numbered(factors)
        self.names = names or column_names(factors.shape[1])
        self.sizes = tuple(len(values) for values in self.values)
        self.grid = _grid(self.factors, self.sizes)
        self.rows = np.arange(len(codes))
        self._side = ""
        self._rows_by_value: dict[int, _RowsByValue] = {}

    @property
    def width(self) -> int:
        """Number of factors."""
        return self.factors.shape[1]

    def part(self, rows: Rows, side: str) -> "Table":
        """The same table, from which only some rows are sampled; ``side``: training or test."""
        part = copy.copy(self)
        part.grid = None
        part.rows = rows
        part._side = f" among the {len(rows):,} {side} rows"
        part._rows_by_value = {}
        return part

    def draw(self, n: int, random: np.random.RandomState) -> Rows:
        """Rows of ``n`` points."""
        if self.grid is None:
            places = random.randint(len(self.rows), size=n)
            return self.rows[places]
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
            first = np.repeat(self.draw(1, random), n)
            return self._rows_sharing(first, factor, random)
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
            first_rows = self.draw(n, random)
            return first_rows, self._rows_sharing(first_rows, factor, random)
        first = self._sample_factors(n, random)
        second = self._sample_factors(n, random)
        second[:, factor] = first[:, factor]
        return self._rows_of(first), self._rows_of(second)

    def sample(self, n: int, random: np.random.RandomState) -> Sample:
        """``n`` points, drawn in disentanglement_lib's batches."""
        sizes = [min(POINTS, n - start) for start in range(0, n, POINTS)]
        rows = np.concatenate([self.draw(size, random) for size in sizes])
        return self.at(rows)

    def at(self, rows: Rows) -> Sample:
        """The points of some rows."""
        return Sample(self.codes[rows], self.factors[rows], rows)

    def rows_with(self, factor: int, value: int) -> Rows:
        """The rows in which a factor has a value; raises ValueError if there is none."""
        values = self.factors[self.rows, factor]
        rows = self.rows[values == value]
        if not len(rows):
            raise ValueError(
                f"factor {self.names[factor]}: value {self.values[factor][value]} has no "
                f"row{self._side}; give more rows with it, or merge it with another value"
            )
        return rows

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
            self._rows_by_value[factor] = self._grouped(factor)
        order, start, size = self._rows_by_value[factor]
        values = self.factors[rows, factor]
        position = random.random_sample(len(rows))  # within the group of a value, in [0, 1)
        offset = (position * size[values]).astype(np.int64)
        return order[start[values] + offset]

    def _grouped(self, factor: int) -> "_RowsByValue":
        """Group rows by the value of a factor; raises ValueError for a value with a single row."""
        values = self.factors[self.rows, factor]
        count = np.bincount(values, minlength=self.sizes[factor])
        single = np.flatnonzero(count == 1)
        if len(single):
            value = self.values[factor][single[0]]
            raise ValueError(
                f"factor {self.names[factor]}: value {value} has a single row{self._side}, so "
                "nothing varies while it is held fixed; give more rows with this value, merge it "
                "with another one, or leave its rows out"
            )
        order = np.argsort(values, kind="stable")
        start = np.cumsum(count) - count
        return _RowsByValue(self.rows[order], start, count)


class _RowsByValue(NamedTuple):
    """Rows sorted by one factor's values; where each value's rows start, and how many there are."""

    order: Rows
    start: Rows
    size: Rows


def _grid(factors: Factors, sizes: tuple[int, ...]) -> Rows | None:
    """Row of each combination of values, in C order; None unless each occurs exactly once."""
    if len(factors) != np.prod(sizes, dtype=np.float64):
        return None
    place = np.ravel_multi_index(tuple(factors.T), sizes)
    # As many rows as combinations: if one occurs twice, another one keeps its -1.
    rows = np.full(len(factors), -1, np.int64)
    rows[place] = np.arange(len(factors))
    return None if (rows < 0).any() else rows


def numbered(factors: Factors) -> tuple[Factors, list[npt.NDArray[Any]]]:
    """Values of each factor [n, k] renumbered 0, 1, 2, … in rising order; the values of each."""
    indices, values = [], []
    for column in factors.T:
        index, different = pd.factorize(column, sort=True)
        indices.append(index)
        values.append(np.asarray(different))
    renumbered = np.stack(indices, axis=1)
    return renumbered.astype(np.int64), values


def column_names(width: int) -> tuple[str, ...]:
    """What messages call the columns of an array of factors: their index."""
    return tuple(f"column {j}" for j in range(width))


def from_table(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    n_train: int,
    n_test: int,
    seed: int,
    outputs: ModelOutputs | None = None,
    batch: int = BATCH,
    sampling: str = AUTO,
    names: Sequence[str] | None = None,
) -> Draws:
    """Sample points from a table of codes [N, d] and factors [N, k].

    ``sampling``: ``auto``, ``disjoint`` or ``replacement``, see ``SAMPLING``. ``names``: what
    messages call the factors.

    Raises ValueError for a table that cannot be split, and for training points in which a factor
    does not vary.
    """
    x = np.asarray(codes, np.float32)
    y = np.asarray(factors).astype(np.int64, casting="same_kind", copy=False)
    table = Table(x, y, names)
    random = np.random.RandomState(seed)
    # In this order, as in the reference: both use the same stream of random numbers.
    is_split = sampling == DISJOINT or (sampling == AUTO and table.grid is None)
    parts = None
    if is_split:
        train_rows, test_rows = _split(len(x), n_train, n_test, random)
        train, test = table.at(train_rows), table.at(test_rows)
        train_part = table.part(train_rows, "training")
        test_part = table.part(test_rows, "test")
        parts = (train_part, test_part)
    else:
        train = table.sample(n_train, random)
        test = table.sample(n_test, random)
    return Draws(train, test, table, seed, outputs, batch, parts, table.names)


def _split(
    n_rows: int,
    n_train: int,
    n_test: int,
    random: np.random.RandomState,
) -> tuple[Rows, Rows]:
    """Training and test rows without a row in common; raises ValueError for fewer than 3 rows.

    With fewer rows than ``n_train + n_test``, a third of them are test rows, or all that training
    leaves over if these are more.
    """
    if n_rows < TEST_SHARE:
        raise ValueError(
            f"{n_rows} rows cannot be split into training and test rows; give {TEST_SHARE} or "
            "more, or split them yourself (facsimile.score_draws)"
        )
    left_over = n_rows - n_train
    share = n_rows // TEST_SHARE
    test = min(n_test, max(left_over, share))
    train = min(n_train, n_rows - test)
    order = random.permutation(n_rows)
    return order[:train], order[train : train + test]


def _require_variation(factors: Factors, names: Sequence[str]) -> None:
    """Raise ValueError if a factor has only one value in the training points."""
    constant = np.flatnonzero(np.ptp(factors, axis=0) == 0)
    if len(constant):
        listed = ", ".join(names[int(j)] for j in constant)
        have = "has" if len(constant) == 1 else "have"
        raise ValueError(
            f"factors: {listed} {have} one value in all {len(factors):,} training points; give "
            "more points (n_train) or more rows with other values, or leave the column out"
        )


def varying(factors: Factors) -> npt.NDArray[np.int64]:
    """Columns of factors with more than one value; raises ValueError if there is none."""
    # Not by differences, which may overflow.
    low, high = factors.min(axis=0), factors.max(axis=0)
    columns = np.flatnonzero(low < high)
    if not len(columns):
        raise ValueError("every factor has one value only: there is nothing to disentangle")
    return columns
