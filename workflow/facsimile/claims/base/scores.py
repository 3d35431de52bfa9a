"""Helpers of the statistics: scores side by side, and averages of resampled values."""

import numpy as np
import pandas as pd

from facsimile.claims.base.statistic import StatisticResult
from facsimile.presentation import names
from facsimile.statistics.estimates import RESAMPLES, Array, Estimate, limits

Resampled = tuple[Array, Array]  # values [k] and their resamples [k, b]


def wide(trained: pd.DataFrame, dataset: str, metrics: list[str]) -> pd.DataFrame:
    """The scores ``metrics`` of one data set as columns, indexed by run.

    Only runs that have all of them.
    """
    here = trained[trained["dataset"] == dataset]
    selected = here[here["name"].isin(metrics)]
    table = selected.pivot(index="run", columns="name", values="result")
    return table.reindex(columns=metrics).dropna()


def absent(trained: pd.DataFrame, datasets: list[str], metrics: list[str]) -> list[str]:
    """Texts on the scores that some data sets lack: ``no such scores: MIG and SAP (Cars3D)``.

    Scores that the same data sets lack are in one text.
    """
    pairs = trained.loc[trained["name"].isin(metrics), ["dataset", "name"]].drop_duplicates()
    available = set(pairs.itertuples(index=False, name=None))
    lacking: dict[tuple[str, ...], list[str]] = {}
    for name in metrics:
        without = [dataset for dataset in datasets if (dataset, name) not in available]
        if without:
            lacking.setdefault(tuple(without), []).append(names.metric(name))
    texts = []
    for without_them, scores in lacking.items():
        datasets_named = names.enumeration([names.dataset(name) for name in without_them])
        texts.append(f"no such scores: {names.enumeration(scores)} ({datasets_named})")
    return texts


def resampled_means(values: Array, rng: np.random.Generator) -> Array:
    """Means [b] of bootstrap resamples of ``values`` [n]."""
    indices = rng.integers(0, values.size, (RESAMPLES, values.size))
    return np.asarray(values[indices].mean(axis=1))


def averaged(
    parts: list[Resampled],
    n: int,
    missing: list[str],
    unit: str = "correlation",
) -> StatisticResult:
    """The mean of all values; its interval is that of the mean of their resamples.

    Values that are NaN are left out and reported. Resamples of different parts are of different
    runs, those within a part of the same runs. ``unit`` names the values in the report.
    """
    values = np.zeros(0)
    if parts:
        values = np.concatenate([part_values for part_values, _ in parts])
    defined = np.isfinite(values)
    reasons = list(missing)
    if values.size and not defined.all():
        undefined = (~defined).sum()
        reasons.append(
            f"{undefined} of {values.size} {unit}s are undefined: too few runs, or a constant score"
        )
    if not defined.any():
        nothing = Estimate(np.nan, np.nan, np.nan, n)
        return StatisticResult(nothing, tuple(reasons))
    resamples = np.concatenate([part_resamples for _, part_resamples in parts])
    means = resamples[defined].mean(axis=0)
    # A resample may be undefined although the value is not, e.g. a correlation of equal draws.
    low, high = limits(means[np.isfinite(means)])
    value = float(values[defined].mean())
    estimate = Estimate(value, low, high, n)
    return StatisticResult(estimate, tuple(reasons))
