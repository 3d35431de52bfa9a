"""Real numbers from what a user passes: arrays, nested lists, pandas frames, torch tensors.

What cannot be converted without a change of meaning raises a ValueError that says what to do:
masked and missing values, complex numbers, dates, text, and codes that float32 cannot tell apart.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[Any]

# Kinds of NumPy types that are real numbers: float, signed and unsigned integer, boolean.
REAL = "fiub"
# Types of machine learning that NumPy does not count as numbers (JAX, ml_dtypes).
SHORT_FLOATS = ("bfloat16", "float8_e4m3fn", "float8_e5m2")
# What to do about other kinds of types.
REMEDIES = {
    "c": "concatenate {name}.real and {name}.imag",
    "M": "convert dates to numbers, such as days since the first one",
    "m": "divide by a unit of time, as in {name} / numpy.timedelta64(1, 's')",
    "V": "convert it by numpy.lib.recfunctions.structured_to_unstructured",
}
SAVE_AS_FLOAT = "save it as float32"
TO_NUMBERS = "convert them to numbers, as by astype(float), or number their values"
NUMBER_VALUES = (
    "number the values of each column: numpy.unique(column, return_inverse=True)[1], or "
    "astype('category') in a pandas frame"
)
# Kinds of types whose values can be numbered: text and objects.
WORDS = "USTO"
# Rounding to float32 may move codes by this share of their standard deviation.
ROUNDING = 1e-2
# Codes are far from 0 if their mean is so many standard deviations away.
FAR = 100


def variable(name: str) -> str:
    """What a user's code calls an array: ``codes`` for ``test codes``."""
    last = name.split()[-1]
    return last.replace("-", "_")


def real(values: Any, name: str) -> Array:
    """Real numbers, from an array, nested lists, a pandas frame or a torch tensor.

    Raises ValueError for masked or missing values and for other types.
    """
    values = without_tensors(values, name)
    if isinstance(values, pd.DataFrame):
        columns = columns_of(values, name)
        return np.stack(columns, axis=1) if columns else np.empty(values.shape)
    if isinstance(values, pd.Series | pd.Index):
        return _column(pd.Series(values), name)
    array = _plain(values, name)
    _require_no_objects(name, array)
    require_real(name, array.dtype)
    return array


def require_real(name: str, dtype: np.dtype[Any]) -> None:
    """Raise ValueError unless a type is of real numbers; also for types that files declare."""
    if dtype.kind not in REAL:
        remedy = _remedy(name, dtype.kind)
        raise ValueError(f"{name} must be real numbers, not {dtype}; {remedy}")


def _require_no_objects(name: str, array: Array) -> None:
    """Raise ValueError for objects that are no numbers, with what to do about their type."""
    if array.dtype.kind != "O" or not array.size:
        return
    first = array.flat[0]
    kind = type(first).__name__
    if array.ndim == 0:
        remedy = "numpy.stack(list(….values()), axis=1)"
        if not isinstance(first, Mapping):
            remedy = "numpy.stack(list(…))"
        raise ValueError(f"{name} must be an array, not {kind}; pass {remedy}")
    if isinstance(first, np.ndarray | list | tuple | pd.Series):
        values = "column" if ":" in name else variable(name)
        remedy = f"pass one array: numpy.stack(list({values}))"
        raise ValueError(f"{name}: each value is of type {kind}, not a number; {remedy}")


def _remedy(name: str, kind: str) -> str:
    """What to do about an array of a kind of type that is not real."""
    if name == "factors" and kind in WORDS:
        return NUMBER_VALUES
    remedy = REMEDIES.get(kind, SAVE_AS_FLOAT)
    return remedy.format(name=variable(name))


def require_finite(values: Array, name: str) -> None:
    """Raise ValueError unless all values are finite."""
    not_finite = np.argwhere(~np.isfinite(values))
    if len(not_finite):
        row, column = not_finite[0]
        raise ValueError(
            f"{name}: {len(not_finite)} values are not finite (in float32), "
            f"the first at row {row}, column {column}"
        )


def single_precision(values: Array, name: str) -> npt.NDArray[np.float32]:
    """Values as float32 [n, d].

    Raises ValueError if values are not finite, or if rounding would change a column by more than a
    hundredth of its standard deviation, as it does where values are far from 0.
    """
    # What float32 cannot hold becomes infinite, and is reported with the other values.
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
    require_finite(rounded, name)
    is_float = values.dtype.kind == "f"
    if is_float and values.dtype.itemsize <= rounded.dtype.itemsize:
        return rounded
    _require_precise(values.astype(np.float64), rounded, name)
    return rounded


def _require_precise(
    exact: npt.NDArray[np.float64],
    rounded: npt.NDArray[np.float32],
    name: str,
) -> None:
    """Raise ValueError if rounding to float32 loses what varies in a column."""
    with np.errstate(under="ignore"):
        spread = exact.std(axis=0)
    error = np.abs(exact - rounded).max(axis=0)
    varies = np.ptp(exact, axis=0) > 0  # a constant has nothing to lose
    lost = np.flatnonzero(varies & (error > ROUNDING * spread))
    if not len(lost):
        return
    j = lost[0]
    mean = exact[:, j].mean()
    remedy = "multiply them by a constant"
    if abs(mean) > FAR * spread[j]:
        array = variable(name)
        remedy = f"{array} - {array}.mean(axis=0)"
    raise ValueError(
        f"{name}: float32 cannot tell apart the values of column {j}, with mean {mean:.6g} and "
        f"standard deviation {spread[j]:.2g}; centre or scale them first: {remedy}"
    )


def without_tensors(values: Any, name: str) -> Any:
    """A torch tensor as an array, a list of tensors as a list of arrays, all else as it is.

    Raises ValueError for a sparse tensor or matrix. Torch itself is not imported.
    """
    if isinstance(values, list | tuple) and any(map(_is_tensor, values)):
        return [without_tensors(value, name) for value in values]
    if _is_tensor(values):
        if str(values.layout) != "torch.strided":
            raise ValueError(f"{name} is a sparse tensor; pass {variable(name)}.to_dense()")
        values = values.detach().cpu()
        # NumPy has no type for bfloat16, whose values float32 holds exactly.
        is_short = str(values.dtype) == "torch.bfloat16"
        return values.float().numpy() if is_short else values.numpy()
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise ValueError(f"{name} is a sparse matrix; pass {variable(name)}.toarray()")
    return values


def _is_tensor(values: Any) -> bool:
    """Whether an object is a torch tensor."""
    package = type(values).__module__.partition(".")[0]
    return package == "torch" and hasattr(values, "detach")


def _plain(values: Any, name: str) -> Array:
    """An array without masked values; objects that are all numbers get a type of numbers."""
    if isinstance(values, list | tuple) and any(map(np.ma.isMaskedArray, values)):
        values = np.ma.stack(values)
    if np.ma.isMaskedArray(values):
        _require_unmasked(values, name)
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name}: rows have different lengths; pass an array [N, d]") from None
    if array.dtype.name in SHORT_FLOATS:
        return array.astype(np.float32)
    return _numbers(array, name) if array.dtype.kind == "O" else array


def _numbers(objects: Array, name: str) -> Array:
    """An array of objects as numbers, if all are; raises ValueError for missing ones."""
    flat = objects.ravel().tolist()
    missing = [value for value in flat if value is None or value is pd.NA]
    if missing:
        raise ValueError(f"{name}: {len(missing):,} values are missing; leave these rows out")
    numbers = int | float | np.number | np.bool_
    if not all(isinstance(value, numbers) for value in flat):
        return objects
    return np.array(flat).reshape(objects.shape)


def _require_unmasked(values: Any, name: str) -> None:
    """Raise ValueError if an array has masked values."""
    mask = np.atleast_1d(np.ma.getmaskarray(values))
    if not mask.any():
        return
    rows = mask.reshape(len(mask), -1).any(axis=1)
    raise ValueError(
        f"{name} are masked in {np.count_nonzero(rows):,} rows; leave these rows out of codes and "
        f"factors: keep = ~numpy.ma.getmaskarray({variable(name)}).any(axis=1)"
    )


def columns_of(frame: pd.DataFrame, name: str) -> list[Array]:
    """The columns of a frame, each with its own type; raises ValueError as ``real`` does."""
    # By position: names of columns may occur twice.
    columns = []
    for j in range(frame.shape[1]):
        columns.append(_column(frame.iloc[:, j], name))
    return columns


def _column(column: "pd.Series[Any]", name: str) -> Array:
    """A column of a frame as numbers: nullable and Arrow types, categories and objects, too."""
    label = f"{name}: column {column.name!r}"
    kinds = pd.api.types
    dtype = column.dtype
    if kinds.is_float_dtype(dtype):
        # Missing values become NaN, and are reported with their rows later.
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = int(column.isna().sum())
    if missing:
        raise ValueError(f"{label} has {missing:,} missing values; leave these rows out")
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(column, label, name)
    if kinds.is_bool_dtype(dtype):
        return column.to_numpy(dtype=np.bool_)
    if kinds.is_unsigned_integer_dtype(dtype):
        return column.to_numpy(dtype=np.uint64)
    if kinds.is_integer_dtype(dtype):
        return column.to_numpy(dtype=np.int64)
    array = _plain(column.to_numpy(), label)
    _require_no_objects(label, array)
    if array.dtype.kind not in REAL:
        remedy = _remedy(name, array.dtype.kind)
        raise ValueError(f"{label} is {dtype}, not real numbers; {remedy}")
    return array


def _categories(column: "pd.Series[Any]", label: str, name: str) -> Array:
    """The values of a categorical column if they are numbers.

    Otherwise the index of each category, for factors alone: it is no value of a code.
    """
    categories = np.asarray(column.cat.categories)
    indices = column.cat.codes.to_numpy(np.int64)
    if categories.dtype.kind in REAL:
        return categories[indices]
    if name != "factors":
        raise ValueError(f"{label} has categories that are no numbers; {TO_NUMBERS}")
    return indices
