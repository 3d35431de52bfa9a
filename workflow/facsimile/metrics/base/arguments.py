"""The arguments of ``facsimile.score``, and the arrays of a file, as arrays that can be scored."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from facsimile.metrics.base import factor_values, real_arrays
from facsimile.metrics.base.draws import Codes, Factors, ModelOutputs
from facsimile.metrics.base.factor_values import Bins, Columns
from facsimile.metrics.base.real_arrays import Array

Shape = tuple[int, ...]


class Points(NamedTuple):
    """Codes float32 [n, d] and factors int64 [n, k] of the same points.

    ``names`` [k] are what messages call the factors, ``bins`` says which of them were binned.
    """

    codes: Codes
    factors: Factors
    names: tuple[str, ...]
    bins: str = ""


def points(
    codes: Any,
    factors: Any,
    bins: Bins = None,
) -> Points:
    """Codes and factors of the same rows.

    ``bins``: into how many intervals of equal width factors of more values are divided; a mapping
    gives the number for some columns, by their names or indices. Raises ValueError for arrays that
    cannot be scored.
    """
    x, table = _read(codes, factors, "codes")
    y, binned = factor_values.whole(table, bins)
    return Points(x, y, table.names, binned)


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
    same_factors = table.shape[1] == test_table.shape[1]
    if not (same_codes and same_factors):
        raise ValueError("train and test must have the same numbers of codes and of factors")
    pairs = zip(table.columns, test_table.columns, strict=True)
    columns = [np.concatenate(pair) for pair in pairs]
    whole_table = table._replace(columns=columns)
    y, binned = factor_values.whole(whole_table, bins)
    both = np.concatenate((x, test_x))
    return Points(both, y, table.names, binned), len(x)


def _read(
    codes: Any,
    factors: Any,
    name: str,
) -> tuple[Codes, Columns]:
    """Codes in float32, and the columns of factors, of the same rows."""
    require_same_order(codes, factors, name)
    x = real_arrays.real(codes, name)
    table = factor_values.columns(factors)
    require_shape(name, x.shape, "[N, d]")
    require_shape("factors", table.shape, "[N, k]")
    require_same_rows(x.shape, table.shape, name)
    factor_values.require_finite(table, name)
    return real_arrays.single_precision(x, name), table


def outputs(
    model: ModelOutputs,
    codes: Any,
    shape: Shape,
) -> ModelOutputs:
    """The outputs of a model as arrays, with the rows of ``codes`` of this shape [n, d].

    Raises ValueError for other numbers of rows, and for values that are not finite real numbers.
    """
    log_variances = model.log_variances
    if log_variances is not None:
        require_same_order(codes, log_variances, "codes", "log_variances")
        log_variances = _finite(log_variances, "log_variances", shape)
    # Images may be generated when they are indexed, and then have no length.
    if hasattr(model.images, "__len__") and len(model.images) != shape[0]:
        raise ValueError(f"images: {len(model.images)} of them, but {shape[0]} rows of codes")
    peers = None
    if model.peers is not None:
        peers = []
        for i, (means, logs) in enumerate(model.peers):
            peers.append(_peer(i, means, logs, shape[0]))
    return dataclasses.replace(model, log_variances=log_variances, peers=peers)


def _peer(
    i: int,
    codes: Any,
    log_variances: Any,
    rows: int,
) -> tuple[Array, Array]:
    """Codes and log-variances of a model that differs from the scored one only in its seed."""
    name = f"peers[{i}] codes"
    means = real_arrays.real(codes, name)
    if means.ndim != 2 or len(means) != rows:
        raise ValueError(
            f"peers[{i}]: codes must be [{rows}, d], with the codes' rows, not {list(means.shape)}"
        )
    real_arrays.require_finite(means, name)
    return means, _finite(log_variances, f"peers[{i}] log-variances", means.shape)


def _finite(
    values: Any,
    name: str,
    shape: Shape,
) -> Array:
    """Finite real numbers of a given shape."""
    array = real_arrays.real(values, name)
    if array.shape != shape:
        raise ValueError(f"{name} must be {list(shape)}, like the codes, not {list(array.shape)}")
    real_arrays.require_finite(array, name)
    return array


def require_shape(
    name: str,
    shape: Shape,
    letters: str,
) -> None:
    """Raise ValueError unless a shape has the dimensions of ``letters``, and no 0.

    ``letters``: such as "[N, d]".
    """
    dimensions = letters.count(",") + 1
    if len(shape) == dimensions and all(shape):
        return
    array = real_arrays.variable(name)
    remedy = ""
    if len(shape) == 1 and dimensions == 2:
        remedy = f"; a single column is {array}[:, None]"
    elif len(shape) > 2 and dimensions == 2:
        remedy = f"; flatten each row: {array}.reshape(len({array}), -1)"
    raise ValueError(f"{name} must be {letters} and not empty, not {list(shape)}{remedy}")


def require_same_rows(
    codes: Shape,
    factors: Shape,
    name: str = "codes",
) -> None:
    """Raise ValueError unless two matrices have the same number of rows."""
    if codes[0] == factors[0]:
        return
    remedy = ""
    # There are more rows than columns.
    if codes[1] == factors[1] > max(codes[0], factors[0]):
        remedy = "; transpose both: codes.T and factors.T"
    elif codes[0] == factors[1] > factors[0]:
        remedy = f"; transpose factors: factors.T is {[factors[1], factors[0]]}"
    elif codes[1] == factors[0]:
        remedy = f"; transpose codes: codes.T is {[codes[1], codes[0]]}"
    raise ValueError(
        f"{name} have {codes[0]:,} rows and factors {factors[0]:,}; each row is one image{remedy}"
    )


def require_same_order(
    codes: Any,
    other: Any,
    name: str,
    other_name: str = "factors",
) -> None:
    """Raise ValueError if both are pandas objects and their indices differ."""
    frames = pd.DataFrame | pd.Series
    if not isinstance(codes, frames) or not isinstance(other, frames):
        return
    one, two = codes.index, other.index
    if len(one) != len(two) or one.equals(two):
        return
    what = "different labels"
    remedy = "if their rows correspond by position, drop both: .reset_index(drop=True)"
    if one.is_unique and set(one) == set(two):
        what = "the same labels in another order"
        remedy = f"put both in one order: {other_name} = {other_name}.loc[codes.index]"
    raise ValueError(f"the index of {name} and that of {other_name} have {what}; {remedy}")
