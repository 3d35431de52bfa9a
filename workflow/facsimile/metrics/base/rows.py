"""The table of scores: metrics are computed one after the other, one row per score."""

import sys
import time
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from facsimile.foundation import provenance
from facsimile.metrics.base import cost
from facsimile.metrics.base.draws import Draws, Sample
from facsimile.metrics.base.selection import Selected

LIBRARIES = ("numpy", "numba", "scikit-learn", "scipy")
# pandas prints the first and the last column however narrow the terminal is.
COLUMNS = (
    "score",
    "metric",
    "convention",
    "n_train",
    "n_test",
    "n_distinct",
    "n_shared",
    "sampling",
    "bins",
    "seed",
    "reason",
    "seconds",
    "value",
)
# Metrics that announce how long they will take.
LONG = 20.0
# Share of test points that may be training points without a warning.
SHARED = 0.1


class ScoreWarning(UserWarning):
    """Scores that are missing, or that are not what their name says."""


class Counts(NamedTuple):
    """Number of different training points, and of test points that equal a training point."""

    distinct: int
    shared: int


def computed(
    draws: Draws,
    metrics: Sequence[Selected],
    progress: bool,
) -> pd.DataFrame:
    """Compute metrics on the same draws.

    Returns one row per score: metric, score, value, convention, n_train, n_test, seed, seconds,
    reason. A metric that cannot be computed has one row without a value and with a reason, and a
    warning; if none can, the error of the first is raised.
    """
    rows = []
    errors: list[tuple[str, Exception]] = []
    for metric in metrics:
        try:
            rows += _rows(metric, draws, progress)
        except Exception as error:
            errors.append((metric.name, error))
            rows.append(_missing(metric, draws, error))
    if errors and len(errors) == len(metrics):
        raise _combined(errors)
    for name, failure in errors:
        message = f"{name} was not computed: {_reason(failure)}"
        warnings.warn(message, ScoreWarning, stacklevel=4)
    return pd.DataFrame(rows)


def versions() -> str:
    """Versions of Python and of the libraries that metrics use, in words."""
    by_name = provenance.versions(*LIBRARIES)
    return "; ".join(f"{name} {version}" for name, version in by_name.items())


def counts(train: Sample, test: Sample) -> Counts:
    """Compare points by all their codes and factors."""
    different = set(_keys(train))
    shared = sum(key in different for key in _keys(test))
    return Counts(len(different), shared)


def warn_of_shared(
    draws: Draws,
    counts: Counts,
    sampling: str,
) -> None:
    """Warn if test points that a metric used are training points."""
    n_test = draws.sizes[1]
    if not draws.used_test or counts.shared <= SHARED * n_test:
        return
    if sampling != "replacement" and not _codes_tell_rows_apart(draws):
        return  # equal points are the same codes of the same factors, not the same observation
    remedies = {
        "replacement": "the table is a full grid, from which points are drawn with replacement, as "
        "disentanglement_lib does; sampling='disjoint' splits its rows",
        "disjoint": "rows of the table are repeated; remove the copies",
        "given": "take each row only once",
    }
    warnings.warn(
        f"{counts.shared:,} of {n_test:,} test points are also training points, so scores of "
        f"predictions are those of points that were learned: {remedies[sampling]}",
        ScoreWarning,
        stacklevel=4,
    )


def _codes_tell_rows_apart(draws: Draws) -> bool:
    """Whether there are more different codes than combinations of factors, as with noise."""
    codes, factors = set(), set()
    for points in (draws.train, draws.test_points):
        codes |= {row.tobytes() for row in points.codes}
        factors |= {row.tobytes() for row in points.factors}
    return len(codes) > len(factors)


def _keys(points: Sample) -> list[bytes]:
    keys = []
    for codes, factors in zip(points.codes, points.factors, strict=True):
        keys.append(codes.tobytes() + factors.tobytes())
    return keys


def _rows(
    metric: Selected,
    draws: Draws,
    progress: bool,
) -> list[dict[str, Any]]:
    """Compute one metric; returns one row per score."""
    cost.require_affordable(metric, draws)
    estimate = cost.seconds(metric, draws)
    if progress and estimate > LONG:
        print(f"{metric.name}: about {cost.described(estimate)} …", file=sys.stderr)
    began = time.perf_counter()
    scores = metric.module.score(draws, metric.convention)
    seconds = time.perf_counter() - began
    not_finite = [key for key in scores if not np.isfinite(scores[key])]
    if not_finite:
        raise ArithmeticError(
            f"{metric.name}: {', '.join(not_finite)} is not finite; please report this with the "
            "codes"
        )
    if progress:
        values = ", ".join(f"{key} {value:.4f}" for key, value in scores.items())
        print(f"{metric.name}: {seconds:.1f} s", values, file=sys.stderr)
    common = _common(metric, draws, seconds, "")
    rows = []
    for key, value in scores.items():
        rows.append({"metric": metric.name, "score": key, "value": value} | common)
    return rows


def _missing(
    metric: Selected,
    draws: Draws,
    error: Exception,
) -> dict[str, Any]:
    """The row of a metric that could not be computed."""
    row = {"metric": metric.name, "score": metric.module.HEADLINE, "value": np.nan}
    return row | _common(metric, draws, np.nan, _reason(error))


def _common(
    metric: Selected,
    draws: Draws,
    seconds: float,
    reason: str,
) -> dict[str, Any]:
    n_train, n_test = draws.sizes
    return {
        "convention": metric.convention,
        "n_train": n_train,
        "n_test": n_test,
        "seed": draws.seed,
        "seconds": seconds,
        "reason": reason,
    }


def _reason(error: Exception) -> str:
    """Why a metric was not computed, in one line."""
    text = " ".join(str(error).split())
    # The message of these is enough for a user; other errors need their type, too.
    is_ours = isinstance(error, ValueError) or type(error) is ArithmeticError
    return text if is_ours else f"{type(error).__name__}: {text}"


def _combined(errors: list[tuple[str, Exception]]) -> Exception:
    """The error to raise if no metric could be computed: that of the only one, or all reasons."""
    if len(errors) == 1:
        return errors[0][1]
    reasons = [f"{name}: {_reason(error)}" for name, error in errors]
    return ValueError(f"no metric could be computed; {'; '.join(reasons)}")
