"""Probability that a run of one method beats a run of another (Agarwal et al. 2021).

A row per pair of methods and a column per score; averaged over data sets.
"""

from dataclasses import astuple

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
    datasets = context.shown(spec)
    rows, numbers = [], []
    for first, second in pairs.of_methods(spec, context):
        entries, counts = [], []
        for name in metrics:
            # One array per data set; one without runs of either method is left out.
            first_runs = [_results(trained, dataset, first, name) for dataset in datasets]
            second_runs = [_results(trained, dataset, second, name) for dataset in datasets]
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


def _results(
    trained: pd.DataFrame,
    dataset: str,
    method: str,
    name: str,
) -> pairs.Values:
    scores = pairs.scores_of(trained, dataset, method, name)
    return scores["result"].to_numpy(dtype=np.float64)


def _notes(spec: Spec, context: Context) -> list[str]:
    level = f"{100 * estimates.LEVEL:.0f} %"
    return [
        "Share of pairs of runs in which the first method has the better score, ties for half, "
        "averaged over data sets; 0.5: neither is better. n: runs of both.",
        f"{level} bootstrap intervals, the runs of each data set and method resampled separately.",
        *context.caption(spec),
    ]
