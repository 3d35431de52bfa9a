"""What a user passes to ``facsimile.score``, or saved in a file, as arrays that can be scored.

Arrays may be NumPy arrays, nested lists, pandas frames or torch tensors. What cannot be converted
without a change of meaning raises a ValueError that says what to do: masked and missing values,
complex numbers, dates, text, numbers that float32 cannot tell apart, frames whose rows are in
different orders, and factors that are not whole numbers.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.foundation import discover
from facsimile.metrics.base.draws import Codes, Factors, ModelOutputs, column_names

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Bins = int | Mapping[Any, int] | None

# Kinds of NumPy types that are real numbers, and of whole numbers and booleans.
REAL = "fiub"
WHOLE = "iub"
# Types of machine learning that NumPy does not count as numbers (JAX, ml_dtypes).
SHORT_FLOATS = ("bfloat16", "float8_e4m3fn", "float8_e5m2")
# What to do about other kinds of types.
REMEDIES = {
    "c": "concatenate {name}.real and {name}.imag",
    "M": "convert dates to numbers, such as days since the first one",
    "m": "divide by a unit of time, as in {name} / numpy.timedelta64(1, 's')",
    "V": "convert it by numpy.lib.recfunctions.structured_to_unstructured",
    "O": "save it as float32",
    "f": "number the values: numpy.unique(column, return_inverse=True)[1]",
}
NUMBER_VALUES = (
    "number the values of each column: numpy.unique(column, return_inverse=True)[1], or "
    "astype('category') in a pandas frame"
)
# Rounding to float32 may move codes by this share of their standard deviation.
ROUNDING = 1e-2
# Codes are far from 0 if their mean is so many standard deviations away.
FAR = 100
# A factor that is no full grid looks continuous, or like an identifier, if it has more values than
# FEW and fewer rows for each of them than MANY_ROWS.
FEW = 20
MANY_ROWS = 5
# Above these numbers, classes are so many and so small that scores depend on them.
MANY_VALUES = 50
ROWS_OF_A_CLASS = 50
MAX_BINS = 1000
# How to divide a factor into bins.
BINNING = (
    f"divide it into bins by bins={FEW} (on the command line --bins {FEW}), or yourself: "
    f"numpy.digitize(column, numpy.linspace(column.min(), column.max(), {FEW + 1})[1:-1])"
)


class Points(NamedTuple):
    """Codes float32 [n, d] and factors int64 [n, k] of the same points.

    ``names`` [k] are what messages call the factors, ``bins`` says which of them were binned.
    """

    codes: Codes
    factors: Factors
    names: tuple[str, ...]
    bins: str = ""


def points(codes: Any, factors: Any, bins: Bins = None) -> Points:
    """Codes and factors of the same rows.

    ``bins``: into how many intervals of equal width factors of more values are divided; a mapping
    gives the number for some columns, by their names or indices. Raises ValueError for arrays that
    cannot be scored.
    """
    x, table = _read(codes, factors, "codes")
    return _points(x, table, bins)


def train_and_test(
    train: tuple[Any, Any],
    test: tuple[Any, Any],
    bins: Bins = None,
) -> tuple[Points, int]:
    """Codes and factors of training and test points, the test points below, and how many train.

    Bins are those of all points. Raises ValueError for arrays that cannot be scored, or with
    different numbers of codes or of factors.
    """
    x, table = _read(*train, "train codes")
    test_x, test_table = _read(*test, "test codes")
    same_codes = x.shape[1] == test_x.shape[1]
    if not (same_codes and len(table.columns) == len(test_table.columns)):
        raise ValueError("train and test must have the same numbers of codes and of factors")
    pairs = zip(table.columns, test_table.columns, strict=True)
    both = table._replace(columns=[np.concatenate(pair) for pair in pairs])
    return _points(np.concatenate((x, test_x)), both, bins), len(x)


def outputs(model: ModelOutputs, codes: Any, shape: Shape) -> ModelOutputs:
    """The outputs of a model as arrays, with the rows of ``codes`` of this shape [n, d].

    Raises ValueError for other numbers of rows, and for values that are not finite real numbers.
    """
    log_variances = model.log_variances
    if log_variances is not None:
        require_same_order(codes, log_variances, "codes", "log_variances")
        log_variances = _like(log_variances, "log_variances", shape)
    # Images may be generated when they are indexed, and then have no length.
    if hasattr(model.images, "__len__") and len(model.images) != shape[0]:
        raise ValueError(f"images: {len(model.images)} of them, but {shape[0]} rows of codes")
    peers: list[tuple[Array, Array]] = []
    for i, (means, logs) in enumerate(model.peers or ()):
        array = real(means, f"peers[{i}] codes")
        if array.ndim != 2 or len(array) != shape[0]:
            raise ValueError(
                f"peers[{i}]: codes must be [{shape[0]}, d], with the codes' rows, "
                f"not {list(array.shape)}"
            )
        require_finite(array, f"peers[{i}] codes")
        peers.append((array, _like(logs, f"peers[{i}] log-variances", array.shape)))
    return dataclasses.replace(
        model,
        log_variances=log_variances,
        peers=None if model.peers is None else peers,
    )


def _like(values: Any, name: str, shape: Shape) -> Array:
    """An array of finite real numbers of a given shape."""
    array = real(values, name)
    if array.shape != shape:
        raise ValueError(f"{name} must be {list(shape)}, like the codes, not {list(array.shape)}")
    require_finite(array, name)
    return array


def real(values: Any, name: str) -> Array:
    """Real numbers, from an array, nested lists, a pandas frame or a torch tensor.

    Raises ValueError for masked or missing values and for other types.
    """
    values = _dense(values, name)
    if isinstance(values, pd.DataFrame):
        columns = [_column(values.iloc[:, j], name) for j in range(values.shape[1])]
        return np.stack(columns, axis=1) if columns else values.to_numpy(dtype=np.float64)
    if isinstance(values, pd.Series | pd.Index):
        return _column(pd.Series(values), name)
    array = _plain(values, name)
    require_real(name, array.dtype)
    return array


def require_real(name: str, dtype: np.dtype[Any]) -> None:
    """Raise ValueError unless a type is of real numbers; also used of types that files declare."""
    if dtype.kind in REAL:
        return
    if name == "factors" and dtype.kind in "USTO":
        remedy = NUMBER_VALUES
    else:
        remedy = REMEDIES.get(dtype.kind, "save it as float32").format(name=_variable(name))
    raise ValueError(f"{name} must be real numbers, not {dtype}; {remedy}")


def _variable(name: str) -> str:
    """What a user's code calls an array: ``codes`` of ``test codes``."""
    return name.split()[-1].replace("-", "_")


def require_matrix(name: str, shape: Shape, dimensions: str = "") -> None:
    """Raise ValueError unless a shape has the expected dimensions, such as "[N, d]", and entries.

    The default is a matrix with a row for each observation.
    """
    letters = dimensions or ("[N, k]" if name == "factors" else "[N, d]")
    expected = letters.count(",") + 1
    if len(shape) == expected and all(shape):
        return
    remedy = ""
    array = _variable(name)
    if len(shape) == 1 and expected == 2:
        remedy = f"; a single column is {array}[:, None]"
    elif len(shape) > expected == 2:
        remedy = f"; flatten each row: {array}.reshape(len({array}), -1)"
    raise ValueError(f"{name} must be {letters} and not empty, not {list(shape)}{remedy}")


def require_same_rows(codes: Shape, factors: Shape, name: str = "codes") -> None:
    """Raise ValueError unless two matrices have the same number of rows."""
    if codes[0] == factors[0]:
        return
    remedy = ""
    if codes[1] == factors[0]:
        remedy = f"; transpose codes: codes.T is {[codes[1], codes[0]]}"
    raise ValueError(
        f"{name} have {codes[0]:,} rows and factors {factors[0]:,}; each row is one image{remedy}"
    )


def require_same_order(
    codes: Any,
    other: Any,
    name: str = "codes",
    other_name: str = "factors",
) -> None:
    """Raise ValueError if both are pandas objects and their indices differ."""
    pandas = pd.DataFrame | pd.Series
    if not (isinstance(codes, pandas) and isinstance(other, pandas)):
        return
    if len(codes) != len(other) or codes.index.equals(other.index):
        return
    same_labels = set(codes.index) == set(other.index)
    remedy = f"put both in one order: {other_name} = {other_name}.loc[codes.index]"
    if not same_labels or not codes.index.is_unique:
        remedy = "if their rows correspond by position, drop both: .reset_index(drop=True)"
    what = "the same labels in another order" if same_labels else "different labels"
    raise ValueError(f"the index of {name} and that of {other_name} have {what}; {remedy}")


def require_finite(values: Array, name: str) -> None:
    """Raise ValueError unless all values are finite."""
    not_finite = np.argwhere(~np.isfinite(values))
    if len(not_finite):
        row, column = not_finite[0]
        raise ValueError(
            f"{name}: {len(not_finite)} values are not finite (in float32), "
            f"the first at row {row}, column {column}"
        )


def single_precision(values: Array, name: str) -> Codes:
    """Values as float32 [n, d].

    Raises ValueError if values are not finite, or if rounding would change a column by more than a
    hundredth of its standard deviation, as it does where values are far from 0.
    """
    # What float32 cannot hold becomes infinite, and is reported with the other values.
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
    require_finite(rounded, name)
    if values.dtype.kind == "f" and values.dtype.itemsize <= rounded.dtype.itemsize:
        return rounded
    exact = values.astype(np.float64)
    with np.errstate(under="ignore"):
        spread = exact.std(axis=0)
        error = np.abs(exact - rounded).max(axis=0)
    lost = np.flatnonzero(error > ROUNDING * spread)
    lost = lost[np.ptp(exact[:, lost], axis=0) > 0]  # a constant cannot lose anything
    if len(lost):
        j = lost[0]
        mean = exact[:, j].mean()
        array = _variable(name)
        is_far = abs(mean) > FAR * spread[j]
        remedy = f"{array} - {array}.mean(axis=0)" if is_far else "multiply them by a constant"
        raise ValueError(
            f"{name}: float32 cannot tell apart the values of column {j}, with mean {mean:.6g} and "
            f"standard deviation {spread[j]:.2g}; centre or scale them first: {remedy}"
        )
    return rounded


class _Columns(NamedTuple):
    """Factors by columns [n], what messages call each, and by which names it can be selected."""

    columns: list[Array]
    names: tuple[str, ...]
    keys: tuple[Any, ...]
    shape: Shape


def _read(codes: Any, factors: Any, name: str) -> tuple[Codes, _Columns]:
    """Codes in float32, and the columns of factors, of the same rows."""
    require_same_order(codes, factors, name)
    x = real(codes, name)
    table = _factor_columns(factors)
    require_matrix(name, x.shape)
    require_matrix("factors", table.shape)
    require_same_rows(x.shape, table.shape, name)
    for column, label in zip(table.columns, table.names, strict=True):
        bad = np.flatnonzero(~np.isfinite(column))
        if len(bad):
            raise ValueError(
                f"factors (of {name}): {label} has {len(bad):,} missing or infinite values, the "
                f"first at row {bad[0]}; leave these rows out"
            )
    return single_precision(x, name), table


def _points(x: Codes, table: _Columns, bins: Bins) -> Points:
    """Codes, and factors as whole numbers, binned where ``bins`` says so."""
    numbers = _numbers_of_bins(bins, table)
    columns, described = [], []
    for column, label, key in zip(table.columns, table.names, table.keys, strict=True):
        count = numbers.get(key)
        if count is not None and _is_binned(column, count):
            described.append(f"{label}: {count}")
            column = binned(column, count)
        columns.append(_whole(column, label))
    y = np.stack(columns, axis=1)
    return Points(x, y, table.names, ", ".join(described))


def _factor_columns(factors: Any) -> _Columns:
    """The columns of factors, each with its own type: a frame may have several."""
    factors = _dense(factors, "factors")
    if isinstance(factors, pd.DataFrame):
        columns = [_column(factors.iloc[:, j], "factors") for j in range(factors.shape[1])]
        keys = tuple(factors.columns)
        names = column_names(len(keys))
        if not all(isinstance(key, int | np.integer) for key in keys):
            names = tuple(f"column {key!r}" for key in keys)
        return _Columns(columns, names, keys, factors.shape)
    array = real(factors, "factors")
    columns = list(array.T) if array.ndim == 2 else []
    return _Columns(columns, column_names(len(columns)), tuple(range(len(columns))), array.shape)


def _dense(values: Any, name: str) -> Any:
    """A tensor as an array of the processor's memory; lists of tensors as lists of arrays."""
    if isinstance(values, list | tuple):
        return [_dense(value, name) for value in values] if _has_tensors(values) else values
    if _is_tensor(values):
        if str(values.layout) != "torch.strided":
            raise ValueError(f"{name} is a sparse tensor; pass {name}.to_dense()")
        values = values.detach().cpu()
        # NumPy has no type for bfloat16, whose values float32 holds exactly.
        return values.float().numpy() if "bfloat16" in str(values.dtype) else values.numpy()
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise ValueError(f"{name} is a sparse matrix; pass {name}.toarray()")
    return values


def _is_tensor(values: Any) -> bool:
    """Whether an object is a torch tensor; torch itself is not imported."""
    return type(values).__module__.partition(".")[0] == "torch" and hasattr(values, "detach")


def _has_tensors(values: Sequence[Any]) -> bool:
    return any(_is_tensor(value) for value in values)


def _plain(values: Any, name: str) -> Array:
    """An array without masked values; objects that are all numbers get a type of numbers."""
    if isinstance(values, list | tuple) and any(np.ma.isMaskedArray(value) for value in values):
        values = np.ma.stack(values)
    if np.ma.isMaskedArray(values):
        _require_unmasked(values, name)
    array = np.asarray(values)
    if array.dtype.names is None and array.dtype.name in SHORT_FLOATS:
        return array.astype(np.float32)
    if array.dtype.kind != "O":
        return array
    flat = array.ravel()
    if not all(isinstance(value, int | float | np.number | np.bool_) for value in flat):
        missing = sum(value is None or value is pd.NA for value in flat)
        if missing:
            raise ValueError(f"{name}: {missing:,} values are missing; leave these rows out")
        return array
    return np.array(flat.tolist()).reshape(array.shape)


def _require_unmasked(values: Any, name: str) -> None:
    """Raise ValueError if an array has masked values."""
    mask = np.ma.getmaskarray(values)
    if not mask.any():
        return
    rows = mask.reshape(len(mask), -1).any(axis=1) if mask.ndim else mask
    raise ValueError(
        f"{name} are masked in {np.count_nonzero(rows):,} rows; leave these rows out of codes and "
        f"factors: keep = ~numpy.ma.getmaskarray({_variable(name)}).any(axis=1)"
    )


def _column(column: "pd.Series[Any]", name: str) -> Array:
    """A column of a frame as numbers: nullable and Arrow types, categories and objects, too."""
    label = f"{name}: column {column.name!r}"
    missing = int(column.isna().sum())
    is_float = column.dtype.kind == "f" if hasattr(column.dtype, "kind") else False
    if missing and not is_float:
        raise ValueError(f"{label} has {missing:,} missing values; leave these rows out")
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = np.asarray(column.cat.categories)
        if categories.dtype.kind in REAL:
            return categories[column.cat.codes]
        return column.cat.codes.to_numpy(np.int64)
    kinds = pd.api.types
    if kinds.is_bool_dtype(column.dtype):
        return column.to_numpy(dtype=np.bool_)
    if kinds.is_unsigned_integer_dtype(column.dtype):
        return column.to_numpy(dtype=np.uint64)
    if kinds.is_integer_dtype(column.dtype):
        return column.to_numpy(dtype=np.int64)
    if kinds.is_float_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    array = _plain(column.to_numpy(), label)
    if array.dtype.kind not in REAL:
        remedy = REMEDIES.get(array.dtype.kind, "drop it").format(name=_variable(name))
        if name == "factors" and array.dtype.kind == "O":
            remedy = NUMBER_VALUES
        raise ValueError(f"{label} is {column.dtype}, not real numbers; {remedy}")
    return array


def _whole(column: Array, label: str) -> npt.NDArray[np.int64]:
    """A factor's values as whole numbers; raises ValueError if they are others."""
    if column.dtype.kind in WHOLE:
        return column.astype(np.int64)
    whole = column.astype(np.int64)
    if (whole == column).all():
        return whole
    different = len(np.unique(column))
    problem = (
        f"factors must be integers (the index of each factor's value): {label} has "
        f"{different:,} values in {len(column):,} rows, which are not whole numbers; "
    )
    if looks_continuous(different, len(column)):
        raise ValueError(f"{problem}it looks continuous: {BINNING}")
    remedy = "number them: numpy.unique(column, return_inverse=True)[1]"
    if different > FEW:
        remedy += f", or {BINNING}"
    raise ValueError(problem + remedy)


def looks_continuous(values: int, rows: int) -> bool:
    """Whether a factor has too many values, for its number of rows, to be a set of classes."""
    return values > FEW and rows < MANY_ROWS * values


def has_many_values(values: int, rows: int) -> bool:
    """Whether a factor has so many values that scores depend on how many there are."""
    return values > MANY_VALUES and rows < ROWS_OF_A_CLASS * values


def _numbers_of_bins(bins: Bins, table: _Columns) -> dict[Any, int]:
    """Number of bins of each column that may be binned; raises ValueError for invalid ones."""
    if bins is None:
        return {}
    numbers = dict(bins) if isinstance(bins, Mapping) else dict.fromkeys(table.keys, bins)
    for key, count in numbers.items():
        if key not in table.keys:
            known = [str(key) for key in table.keys]
            raise discover.UnknownName("column of factors in bins", str(key), known)
        is_number = isinstance(count, int | np.integer) and not isinstance(count, bool)
        if not is_number or not 2 <= count <= MAX_BINS:
            raise ValueError(f"bins must be a number of bins, 2 to {MAX_BINS:,}, not {count!r}")
    return numbers


def _is_binned(column: Array, count: int) -> bool:
    """Whether a factor has more values than bins."""
    return len(np.unique(column)) > count


def binned(column: Array, count: int) -> npt.NDArray[np.int64]:
    """Bin 0 to count - 1 of each value [n]: intervals of equal width over the range."""
    low, high = column.min(), column.max()
    if column.dtype.kind in "iu" and int(high) - int(low) < 2**63:
        # Differences first: float64 may hold those of large integers, but not the integers.
        shifted = (column - low).astype(np.float64)
    else:
        shifted = column.astype(np.float64) - float(low)
    edges = np.linspace(0.0, shifted.max(), count + 1)
    return np.digitize(shifted, edges[1:-1]).astype(np.int64)
