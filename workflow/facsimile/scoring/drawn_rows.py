"""The rows of a data set that metrics use: the training and test points of ``facsimile.score``."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile import datasets, metrics
from facsimile.datasets import Dataset
from facsimile.metrics.base import arguments
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.draws import Draws, Factors, Rows
from facsimile.metrics.base.real_arrays import without_tensors


class DrawnRows(NamedTuple):
    """Row numbers of the training points [n_train] and of the test points [n_test], int64."""

    train: Rows
    test: Rows

    @property
    def distinct(self) -> Rows:
        """All drawn rows, each once, in rising order: the images that must be encoded."""
        return np.unique(np.concatenate(self))


def draws(
    dataset: str | Dataset | npt.ArrayLike,
    n_train: int = 10_000,
    n_test: int = 5_000,
    seed: int = 0,
    sampling: str = "auto",
) -> DrawnRows:
    """The rows that ``facsimile.score`` draws as training and test points.

    Metrics that need no other rows can be computed from the codes of these alone, by
    ``score_draws``. Metrics that need the whole table, and ``downstream`` on a full grid, sample
    further rows. No file is read.

    Parameters
    ----------
    dataset : str, Dataset or array-like of int, shape [N, k]
        Name of a data set of images, an opened data set, or the factors of all rows of a table.
    n_train, n_test : int, default=10_000 and 5_000
        Number of training and of test points.
    seed : int, default=0
        Seed of the sampling, as in ``facsimile.score``.
    sampling : {"auto", "disjoint", "replacement"}, default="auto"
        How points are sampled, as in ``facsimile.score``.

    Returns
    -------
    DrawnRows
        ``train`` int64 [n_train] and ``test`` int64 [n_test], row numbers from 0 in the order in
        which they are drawn, and ``distinct``: all of them, each once, in rising order.

    Raises
    ------
    UnknownName
        If no data set has the name (a ValueError).
    ValueError
        If the data set is one of arrays, or if points cannot be drawn from such factors.

    Examples
    --------
    >>> import facsimile
    >>> drawn = facsimile.draws("dsprites")
    >>> len(drawn.train), len(drawn.test), len(drawn.distinct)
    (10000, 5000, 14865)
    """
    metrics.check_settings(n_train, n_test, base_draws.BATCH, sampling)
    factors, names = _factors(dataset)
    sampled = without_codes(factors, names, n_train, n_test, seed, sampling)
    return rows_of(sampled)


def without_codes(
    factors: Factors,
    names: Sequence[str],
    n_train: int,
    n_test: int,
    seed: int,
    sampling: str,
) -> Draws:
    """Points sampled from a table of factors [N, k] that vary; their codes are zeros [N, 1]."""
    no_codes = np.zeros((len(factors), 1), np.float32)
    return base_draws.from_table(
        no_codes, factors, n_train, n_test, seed, sampling=sampling, names=names
    )


def rows_of(sampled: Draws) -> DrawnRows:
    """The rows of points that were sampled from a table."""
    train, test = sampled.train.rows, sampled.test_points.rows
    assert train is not None
    assert test is not None
    return DrawnRows(train, test)


def varying_factors(data: Dataset) -> tuple[Factors, tuple[str, ...]]:
    """The factors [N, k] of all images that have more than one value, and their names [k]."""
    factors = data.factors(np.arange(len(data)))
    columns = base_draws.varying(factors)
    names = tuple(data.factor_names[j] for j in columns)
    return factors[:, columns], names


def _factors(dataset: Any) -> tuple[Factors, tuple[str, ...]]:
    """Factors that vary, and their names, of a data set or of an array."""
    if isinstance(dataset, str):
        dataset = datasets.of_images(datasets.grid(dataset))
    if isinstance(dataset, Dataset):
        return varying_factors(dataset)
    factors = without_tensors(dataset, "factors")
    no_codes = np.zeros((len(factors), 1), np.float32)
    points = arguments.points(no_codes, factors)
    columns = base_draws.varying(points.factors)
    names = tuple(points.names[j] for j in columns)
    return points.factors[:, columns], names
