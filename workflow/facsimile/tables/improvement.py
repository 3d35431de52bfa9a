"""Probability that a run of one method beats a run of another, over data sets (Agarwal et al. 2021): a line a pair."""

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates, improvement
from facsimile.tables import Table
from facsimile.tables.base import pairs


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """A column a score; runs of all hyper-parameters and seeds, data sets weighing alike."""
    found, wanted = pairs.trained(scores, spec, context)
    rows, numbers = [], []
    for first, second in pairs.listed(context):
        entries = []
        for name in wanted:
            a, b = (
                [_runs(found, d, model, name) for d in context.shown(spec)]
                for model in (first, second)
            )
            said = improvement.probability(a, b, estimates.generator(first, second, name))
            entries.append(Entry(said.value, said.low, said.high))
            numbers.append((first, second, name, said.value, said.low, said.high, said.n))
        rows.append(
            Row(
                "Pairs",
                pairs.label(first, second),
                str(max(number[-1] for number in numbers[-len(wanted) :])),
                entries,
            )
        )
    data = pd.DataFrame(
        numbers, columns=["first", "second", "metric", "probability", "low", "high", "n"]
    )
    return Table(
        spec.title,
        [names.metric(name) for name in wanted],
        rows,
        _notes(spec, context),
        data,
        "Methods",
    )


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: the paper has no such table."""
    return []


def _runs(found: pd.DataFrame, dataset: str, model: str, name: str) -> pairs.Runs:
    return pairs.of(found, dataset, model, name)["result"].to_numpy(dtype=float)


def _notes(spec: Spec, context: Context) -> list[str]:
    return [
        "Share of pairs of runs in which the first method has the better score, ties for half, averaged over data sets; 0.5: "
        "neither. n: runs of both.",
        f"{100 * estimates.LEVEL:.0f} % bootstrap intervals, the runs of each data set and method resampled apart.",
        *context.caption(spec),
    ]
