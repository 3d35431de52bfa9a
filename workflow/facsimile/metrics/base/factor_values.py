"""Factors as whole numbers: continuous ones are recognised, and binned on request.

A metric takes each value of a factor for a class, so a factor of nearly as many values as rows has
no meaningful score.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.foundation import discover
from facsimile.metrics.base import real_arrays
from facsimile.metrics.base.draws import Factors, column_names
from facsimile.metrics.base.real_arrays import Array

Bins = int | Mapping[Any, int] | None
WHOLE = "iub"  # kinds of NumPy types that are whole numbers, or booleans
MAX_BINS = 1000
# A factor looks continuous, or like an identifier, if it has more values than FEW and fewer rows
# for each of them than FEW_ROWS.
FEW = 20
FEW_ROWS = 5
# With more values, and fewer rows for each, scores depend on the number of values.
MANY = 50
MANY_ROWS = 50
# How to divide a factor into bins, and how to number its values.
BINNING = (
    f"divide it into bins by bins={FEW} (on the command line --bins {FEW}), or yourself: "
    f"numpy.digitize(column, numpy.linspace(column.min(), column.max(), {FEW + 1})[1:-1])"
)
NUMBERING = "number them: numpy.unique(column, return_inverse=True)[1]"


class Columns(NamedTuple):
    """Factors by columns [n], each with its own type.

    ``names`` are what messages call them, ``keys`` by what they are selected (names or indices),
    ``shape`` is that of the whole array.
    """

    columns: list[Array]
    names: tuple[str, ...]
    keys: tuple[Any, ...]
    shape: tuple[int, ...]


def columns(factors: Any) -> Columns:
    """The columns of factors; raises ValueError for types that are not real numbers."""
    factors = real_arrays.without_tensors(factors, "factors")
    if isinstance(factors, pd.DataFrame):
        keys = tuple(factors.columns)
        names = column_names(len(keys))
        if not all(isinstance(key, int | np.integer) for key in keys):
            names = tuple(f"column {key!r}" for key in keys)
        values = real_arrays.columns_of(factors, "factors")
        return Columns(values, names, keys, factors.shape)
    array = real_arrays.real(factors, "factors")
    values = list(array.T) if array.ndim == 2 else []
    width = len(values)
    return Columns(values, column_names(width), tuple(range(width)), array.shape)


def require_finite(table: Columns, name: str) -> None:
    """Raise ValueError for missing and infinite values; ``name`` is that of the codes."""
    for column, label in zip(table.columns, table.names, strict=True):
        bad = np.flatnonzero(~np.isfinite(column))
        if len(bad):
            raise ValueError(
                f"factors (of {name}): {label} has {len(bad):,} missing or infinite values, the "
                f"first at row {bad[0]}; leave these rows out"
            )


def whole(table: Columns, bins: Bins) -> tuple[Factors, str]:
    """Factors as whole numbers [n, k], and which of them were binned, in words.

    Raises ValueError for other numbers, unless they are binned.
    """
    numbers = _numbers_of_bins(bins, table.keys)
    result, described = [], []
    for column, label, key in zip(table.columns, table.names, table.keys, strict=True):
        count = numbers.get(key)
        if count is not None and len(np.unique(column)) > count:
            described.append(f"{label}: {count}")
            column = binned(column, count)
        result.append(_whole(column, label))
    factors = np.stack(result, axis=1)
    return factors, ", ".join(described)


def _whole(column: Array, label: str) -> npt.NDArray[np.int64]:
    """A factor's values as whole numbers; raises ValueError if they are others."""
    with np.errstate(invalid="ignore"):  # floats that no integer can hold are not equal to any
        whole = column.astype(np.int64)
    if column.dtype.kind in WHOLE or (whole == column).all():
        return whole
    values, rows = len(np.unique(column)), len(column)
    problem = (
        f"factors must be integers (the index of each factor's value): {label} has "
        f"{values:,} values in {rows:,} rows, which are not whole numbers; "
    )
    if looks_continuous(values, rows):
        raise ValueError(f"{problem}it looks continuous: {BINNING}")
    binning = f", or {BINNING}" if values > FEW else ""
    raise ValueError(f"{problem}{NUMBERING}{binning}")


def looks_continuous(values: int, rows: int) -> bool:
    """Whether a factor has too many values, for its number of rows, to be a set of classes."""
    is_identifier = values == rows > 2
    return is_identifier or (values > FEW and rows < FEW_ROWS * values)


def has_many_values(values: int, rows: int) -> bool:
    """Whether a factor has so many values that scores depend on how many there are."""
    return values > MANY and rows < MANY_ROWS * values


def _numbers_of_bins(
    bins: Bins,
    keys: tuple[Any, ...],
) -> dict[Any, int]:
    """Number of bins of each column that may be binned; raises ValueError for invalid ones."""
    if bins is None:
        return {}
    numbers = dict(bins) if isinstance(bins, Mapping) else dict.fromkeys(keys, bins)
    for key, count in numbers.items():
        if key not in keys:
            known = [str(key) for key in keys]
            if str(key) in known:
                raise ValueError(f"bins: columns have numbers for names here: {key}, not {key!r}")
            raise discover.UnknownName("column of factors in bins", str(key), known)
        is_number = isinstance(count, int | np.integer)
        if not is_number or not 2 <= count <= MAX_BINS:
            raise ValueError(f"bins must be a number of bins, 2 to {MAX_BINS:,}, not {count!r}")
    return numbers


def binned(column: Array, count: int) -> npt.NDArray[np.int64]:
    """Bin 0 to count - 1 of each value [n]: intervals of equal width over the range."""
    low, high = column.min(), column.max()
    is_integer = column.dtype.kind in "iu"
    if is_integer and int(high) - int(low) < 2**63:
        # Differences first: float64 may hold those of large integers, but not the integers.
        shifted = (column - low).astype(np.float64)
    else:
        shifted = column.astype(np.float64) - float(low)
    edges = np.linspace(0.0, shifted.max(), count + 1)
    bins = np.digitize(shifted, edges[1:-1])
    return bins.astype(np.int64)
