"""The compression ratio of runs, which compares a run with one of the smallest weight."""

import numpy as np
import pandas as pd

from facsimile.statistics.estimates import Array

COLUMNS = ["value", "seed", "r", "information"]


def ratios(
    trained: pd.DataFrame,
    dataset: str,
    method: str,
    compressed: str,
    informed: str,
) -> pd.DataFrame:
    """Return one row per run of a method that has both scores, with the columns ``COLUMNS``.

    r is 1 - I(X;T) / I(X;T) of the run with the same seed and the smallest weight.

    Args:
        trained: scores of trained models, with names.
        dataset: data set.
        method: label of the method.
        compressed: the score I(X;T).
        informed: the score I(T;Y), which becomes the column ``information``.
    """
    names = [compressed, informed]
    here = trained[trained["dataset"] == dataset]
    here = here[here["method"] == method]
    here = here[here["name"].isin(names)]
    wide = here.pivot(
        index=["value", "seed"],
        columns="name",
        values="result",
    )
    wide = wide.reindex(columns=names)
    wide = wide.dropna().reset_index()
    if wide.empty:
        return pd.DataFrame(columns=COLUMNS)
    smallest = wide["value"].min()
    least = wide[wide["value"] == smallest]
    by_seed = least.set_index("seed")[compressed]
    reference = wide["seed"].map(by_seed)
    runs = wide.assign(
        r=1 - wide[compressed] / reference,
        information=wide[informed],
    )
    # Without a run of the smallest weight, a seed has no ratio.
    return runs[COLUMNS].dropna()


def curves(runs: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the runs of each seed, of a table of ``ratios``, in the order of r."""
    in_order = runs.sort_values("r")
    return [curve for _, curve in in_order.groupby("seed")]


def informations(
    curves: list[pd.DataFrame],
    grid: Array,
) -> Array:
    """Return I(T;Y) of each curve at compression ratios [seeds, ratios], interpolated linearly.

    NaN beyond the ends of a curve.
    """
    rows = []
    for curve in curves:
        r = curve["r"].to_numpy(dtype=float)
        information = curve["information"].to_numpy(dtype=float)
        rows.append(np.interp(grid, r, information, left=np.nan, right=np.nan))
    return np.array(rows).reshape(len(curves), len(grid))
