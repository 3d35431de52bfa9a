"""What the statistics of claims share: scores side by side, and averages of resampled numbers."""

import numpy as np
import pandas as pd

from facsimile.claims.base.statistic import Finding
from facsimile.presentation import names
from facsimile.statistics.estimates import Array, Estimate, limits

Resampled = tuple[Array, Array]  # values [k] and draws [k, b]


def wide(trained: pd.DataFrame, dataset: str, wanted: list[str]) -> pd.DataFrame:
    """Runs × scores of one data set: the runs that have all of ``wanted``, indexed by run."""
    own = trained[(trained["dataset"] == dataset) & trained["name"].isin(wanted)]
    return own.pivot(index="run", columns="name", values="result").reindex(columns=wanted).dropna()


def absent(trained: pd.DataFrame, datasets: list[str], wanted: list[str]) -> list[str]:
    """Which scores are not there, score by score: ``no such scores: MIG (Cars3D)``."""
    have = set(zip(trained["dataset"], trained["name"], strict=True))
    said = []
    for name in wanted:
        without = [names.dataset(d) for d in datasets if (d, name) not in have]
        said += (
            [f"no such scores: {names.metric(name)} ({names.listed(without)})"] if without else []
        )
    return said


def averaged(
    parts: list[Resampled], n: int, lacking: list[str], unit: str = "correlation"
) -> Finding:
    """The mean of all values, its interval from the mean of their draws; NaN values are left out, and said.

    Draws of different parts are of different runs, those within a part of the same.
    """
    values = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0)
    known = np.isfinite(values)
    said = list(lacking)
    if values.size and not known.all():
        said.append(
            f"{(~known).sum()} of {values.size} {unit}s are undefined: too few runs, or a constant score"
        )
    if not known.any():
        return Finding(Estimate(np.nan, np.nan, np.nan, n), tuple(said))
    drawn = np.concatenate([part[1] for part in parts])[known].mean(axis=0)
    return Finding(
        Estimate(float(values[known].mean()), *limits(drawn[np.isfinite(drawn)]), n), tuple(said)
    )
