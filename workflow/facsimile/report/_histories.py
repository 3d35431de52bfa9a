"""Losses along training, for the charts in the records of runs."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from facsimile.foundation.paths import Paths
from facsimile.report._script import Json, number
from facsimile.store import files

POINTS = 200  # per curve


def payloads(paths: Paths, runs: pd.DataFrame) -> Iterator[tuple[str, Json]]:
    """Yield ``dataset/model`` and the curves of its runs: key -> column of the history -> values.

    Runs that are not in the store, and those that were not trained, have none.
    """
    for (dataset, model), rows in runs.groupby(["dataset", "model"], sort=False):
        curves = {}
        for run in map(str, rows["run"]):
            path = paths.run(run) / files.HISTORY
            if path.exists():
                history = thinned(pd.read_parquet(path))
                if len(history) > 1:
                    curves[run] = _columns(history)
        yield f"{dataset}/{model}", curves


def thinned(history: pd.DataFrame) -> pd.DataFrame:
    """At most ``POINTS`` rows of a history, evenly spread, the first and the last among them."""
    if len(history) <= POINTS:
        return history
    kept = np.linspace(0, len(history) - 1, POINTS).round().astype(int)
    return history.iloc[kept]


def _columns(history: pd.DataFrame) -> Json:
    columns = {}
    for name in history.columns:
        columns[str(name)] = [number(value) for value in history[name]]
    return columns
