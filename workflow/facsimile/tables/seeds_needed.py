"""How many seeds would tell two methods apart: a line a pair of methods, a column a score."""

import math

import numpy as np
import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates, seeds_needed
from facsimile.tables import Table
from facsimile.tables.base import pairs

COLUMNS = [
    "dataset",
    "first",
    "second",
    "metric",
    "difference",
    "low",
    "high",
    "n",
    "paired",
    "unpaired",
]


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """One value a seed: the mean over a method's hyper-parameters; seeds are paired, as both methods share their noise."""
    found, wanted = pairs.trained(scores, spec, context)
    several = len(context.shown(spec)) > 1
    rows, numbers = [], []
    for dataset in context.shown(spec):
        block = names.dataset(dataset) if several else "Pairs"
        for first, second in pairs.listed(context):
            own = [
                (dataset, first, second, name, *_needed(found, dataset, first, second, name))
                for name in wanted
            ]
            entries = [Entry(said[-2], math.nan, math.nan, text=_text(said[-2])) for said in own]
            rows.append(
                Row(block, pairs.label(first, second), str(max(said[7] for said in own)), entries)
            )
            numbers += own
    titles = [names.metric(name) for name in wanted]
    return Table(
        spec.title,
        titles,
        rows,
        _notes(spec, context),
        pd.DataFrame(numbers, columns=COLUMNS),
        "Methods",
    )


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: the paper has no such table."""
    return []


def _needed(
    found: pd.DataFrame, dataset: str, first: str, second: str, name: str
) -> tuple[float, float, float, int, float, float]:
    """The paired difference with its interval and n, and the seeds needed, paired and not."""
    sides = [_a_seed(pairs.of(found, dataset, model, name)) for model in (first, second)]
    both = pd.concat(sides, axis=1, join="inner").dropna()
    a, b = (both.iloc[:, i].to_numpy(dtype=np.float64) for i in (0, 1))
    rng = estimates.generator(dataset, first, second, name, "seeds")
    said = estimates.paired_difference(a, b, rng)
    return (
        said.value,
        said.low,
        said.high,
        said.n,
        seeds_needed.paired(a, b, rng),
        seeds_needed.unpaired(a, b, rng),
    )


def _a_seed(own: pd.DataFrame) -> pd.Series:
    """Seed -> mean over hyper-parameters; a seed that lacks one is left out, as its mean is of other models."""
    wide = own.pivot(index="seed", columns="params", values="result")
    return wide.dropna().mean(axis=1)


def _text(needed: float) -> str:
    return (
        f"> {seeds_needed.MOST:,}"
        if math.isinf(needed)
        else ""
        if math.isnan(needed)
        else f"{needed:,.0f}"
    )


def _notes(spec: Spec, context: Context) -> list[str]:
    return [
        f"Seeds by which a paired t test at {1 - estimates.LEVEL:.2f} would find the difference in {seeds_needed.POWER:.0%} "
        f"of experiments, drawn from the seeds that are there; at least {seeds_needed.LEAST_RUNS} must be. n: seeds of both.",
        "The value of a seed is its mean over a method's hyper-parameters. Unpaired answers and differences are in the CSV.",
        *context.caption(spec),
    ]
