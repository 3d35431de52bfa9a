"""Probability that a run of one method beats a run of another (Agarwal et al. 2021).

A row per pair of methods and a column per score; averaged over data sets.
"""

from collections.abc import Sequence
from dataclasses import astuple
from typing import NamedTuple

import numpy as np
import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates, improvement
from facsimile.tables import Table
from facsimile.tables.base import pairs

COLUMNS = ["first", "second", "metric", "probability", "low", "high", "n"]


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """One column per score, over runs of all hyper-parameters and seeds; data sets weigh alike."""
    trained, metrics = pairs.trained_scores(scores, spec, context)
    results = _Results(pairs.ScoresByMethod(trained), context.shown(spec))
    rows, numbers = [], []
    for first, second in pairs.of_methods(spec, context):
        entries, counts = [], []
        for name in metrics:
            first_runs = results.of(first, name)
            second_runs = results.of(second, name)
            # A data set without runs of either method is left out.
            rng = estimates.generator(first, second, name)
            probability = improvement.probability(first_runs, second_runs, rng)
            entries.append(Entry.of(probability))
            counts.append(probability.n)
            numbers.append((first, second, name, *astuple(probability)))
        # Runs may lack a score: n of a row is that of its most complete column.
        rows.append(Row("Pairs", pairs.label(first, second), str(max(counts)), entries))
    return Table(
        title=spec.title,
        columns=[names.metric(name) for name in metrics],
        rows=rows,
        notes=_notes(spec, context),
        data=pd.DataFrame(numbers, columns=COLUMNS),
        head="Methods",
    )


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: the paper has no such table."""
    return []


class _Results(NamedTuple):
    """The results of each method on the data sets that the table is about."""

    scores: pairs.ScoresByMethod
    datasets: Sequence[str]

    def of(self, method: str, name: str) -> list[pairs.Values]:
        """The results of one score of one method, an array per data set."""
        results = []
        for dataset in self.datasets:
            selected = self.scores.select(dataset, method, name)
            results.append(selected["result"].to_numpy(dtype=np.float64))
        return results


def _notes(spec: Spec, context: Context) -> list[str]:
    level = f"{100 * estimates.LEVEL:.0f} %"
    return [
        "Share of pairs of runs in which the first method has the better score, ties for half, "
        "averaged over data sets; 0.5: neither is better. n: runs of both.",
        f"{level} bootstrap intervals, the runs of each data set and method resampled separately.",
        *context.caption(spec),
    ]
