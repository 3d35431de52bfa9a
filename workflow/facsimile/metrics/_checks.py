"""What arrays the metrics accept: every refusal says what was wrong and what would be right."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.float32]
Factors = npt.NDArray[np.int64]
Pair = tuple[npt.ArrayLike, npt.ArrayLike]


def codes(given: npt.ArrayLike, what: str = "codes") -> Codes:
    """Latents as float32 [n, d], the type the study's encoders gave; raises ValueError for another shape, NaN or infinity."""
    array = np.asarray(given)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{what} have shape {array.shape}; give [points, latents], at least one of each")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{what} are of type {array.dtype}; give real numbers")
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite and is refused below, by its column
        array = np.ascontiguousarray(array, dtype=np.float32)
    # A sum is finite only if every term is (float64 cannot overflow here), and it makes no array of flags.
    bad = np.flatnonzero(~np.isfinite(array.sum(axis=0, dtype=np.float64)))
    if len(bad):
        count = int((~np.isfinite(array[:, bad])).sum())
        raise ValueError(f"{what} hold {count} values that are NaN, infinite or beyond float32, in latents {bad.tolist()}; drop those models")
    return array


def factors(given: npt.ArrayLike, points: int, what: str = "factors") -> Factors:
    """Factor values as int64 [n, k]; raises ValueError for another shape or for values that are no whole numbers."""
    array = np.asarray(given)
    if array.ndim != 2 or array.shape[1] == 0 or len(array) != points:
        raise ValueError(f"{what} have shape {array.shape} beside {points} rows of codes; give [points, factors], one row for each code")
    if array.dtype.kind in "iub":
        return array.astype(np.int64)
    if array.dtype.kind != "f" or not np.isfinite(array).all() or (array != np.rint(array)).any():
        raise ValueError(f"{what} must be whole numbers, one for each value of a factor; number the values, as np.unique(..., return_inverse=True)")
    return array.astype(np.int64)


def numbered(values: Factors) -> tuple[Factors, npt.NDArray[np.int64], tuple[int, ...]]:
    """Factors that vary, each numbered 0..size-1 in rising order: values [n, k], which columns were kept [k], sizes.

    Raises ValueError if no factor varies. A factor of one value (the colour of dSprites) is left out: its entropy is zero, so
    that MIG would be 0/0, and disentanglement_lib leaves it out too (latent factors 1 to 5 of 6).
    """
    columns = [pd.factorize(column, sort=True) for column in values.T]
    kept = np.array([j for j, (_, found) in enumerate(columns) if len(found) > 1], dtype=np.int64)
    if not len(kept):
        raise ValueError(f"each of the {values.shape[1]} factors has one value only; metrics need a factor that varies")
    dense = np.stack([columns[j][0] for j in kept], axis=1).astype(np.int64)
    return dense, kept, tuple(len(columns[j][1]) for j in kept)


def table(given_codes: npt.ArrayLike, given_factors: npt.ArrayLike, what: str = "") -> tuple[Codes, Factors]:
    """Both arrays, checked."""
    checked = codes(given_codes, f"{what}codes")
    return checked, factors(given_factors, len(checked), f"{what}factors")


def at_least(what: str, found: int, least: int, metric: str, why: str) -> None:
    """Raise ValueError if a metric is undefined for so few latents or factors."""
    if found < least:
        raise ValueError(f"{metric} needs {least} {what} or more, there is {found}: {why}; leave it out with metrics=[...]")


def positive(**counts: Any) -> None:
    """Raise ValueError unless each count is a whole number of one or more."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(f"{name} = {count!r}; give a whole number of 1 or more")
