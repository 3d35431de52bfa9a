"""Finds the scores that a quantity is about, without filtering the whole table for each of them."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facsimile.presentation.select import with_names
from facsimile.presentation.spec import Quantity


@dataclass(frozen=True)
class RunResults:
    """One score of several runs: the keys of the runs, their hyper-parameters, the results.

    All arrays are [n]; ``params`` holds canonical JSON.
    """

    runs: NDArray[np.object_]
    params: NDArray[np.object_]
    results: NDArray[np.float64]

    def where(self, mask: NDArray[np.bool_]) -> "RunResults":
        """The runs for which ``mask`` [n] is true."""
        return RunResults(
            runs=self.runs[mask],
            params=self.params[mask],
            results=self.results[mask],
        )


NO_RUNS = RunResults(
    runs=np.array([], dtype=object),
    params=np.array([], dtype=object),
    results=np.array([], dtype=float),
)


class ScoreIndex:
    """Scores grouped once by data set and name, then by method where a quantity needs it.

    A comparison has thousands of rows, and most of them are about the same few models.
    """

    def __init__(self, scores: pd.DataFrame) -> None:
        self._tables: dict[tuple[str, str], pd.DataFrame] = {}
        named = with_names(scores)
        for (dataset, name), table in named.groupby(["dataset", "name"], sort=False):
            self._tables[str(dataset), str(name)] = table
        # Filled on demand: (data set, name, method) -> its results.
        self._of_method: dict[tuple[str, str, str], RunResults] = {}

    def select(self, quantity: Quantity, metric: str) -> RunResults:
        """The results of ``metric`` for the runs that a quantity is about, in the table's order.

        Without a method these are all runs but those of controls. A run matches if it has all the
        hyper-parameters that the quantity states; it may have more.
        """
        runs = self._runs(quantity.dataset, metric, quantity.model)
        if not quantity.params:
            return runs
        required = json.loads(quantity.params).items()
        matches = []
        for params in runs.params:
            matches.append(required <= _hyper_parameters(params).items())
        return runs.where(np.array(matches, dtype=bool))

    def _runs(self, dataset: str, name: str, method: str) -> RunResults:
        table = self._tables.get((dataset, name))
        if table is None:
            return NO_RUNS
        key = (dataset, name, method)
        if key not in self._of_method:
            is_of_method = _belongs_to(table, method)
            self._of_method[key] = _run_results(table).where(is_of_method)
        return self._of_method[key]


def _run_results(table: pd.DataFrame) -> RunResults:
    return RunResults(
        table["run"].to_numpy(dtype=object),
        table["params"].to_numpy(dtype=object),
        table["result"].to_numpy(dtype=float),
    )


def _belongs_to(table: pd.DataFrame, method: str) -> NDArray[np.bool_]:
    """Which rows belong to a method; "" for every trained method."""
    if not method:
        return ~table["control"].to_numpy(dtype=bool)
    methods = table["method"].to_numpy(dtype=object)
    return np.asarray(methods == method, dtype=bool)


@functools.cache
def _hyper_parameters(params: str) -> Mapping[str, Any]:
    """Hyper-parameters from their JSON; many runs have the same."""
    hyper_parameters: dict[str, Any] = json.loads(params)
    return hyper_parameters
