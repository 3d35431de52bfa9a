"""How many seeds would tell two methods apart: a row per pair of methods, a column per score."""

import math
from dataclasses import astuple
from typing import NamedTuple

import numpy as np
import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates, seeds_needed
from facsimile.statistics.estimates import Estimate
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


class Needed(NamedTuple):
    """The paired difference of two methods, and the seeds needed to find it."""

    difference: Estimate
    paired: float
    unpaired: float


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """Seeds needed by each score, from one value per seed: the mean over hyper-parameters.

    Seeds are paired, because both methods use the same noise.
    """
    trained, metrics = pairs.trained_scores(scores, spec, context)
    means = _Means(trained)
    several_datasets = len(context.shown(spec)) > 1
    rows, numbers = [], []
    for dataset in context.shown(spec):
        block = names.dataset(dataset) if several_datasets else "Pairs"
        for first, second in pairs.of_methods(spec, context):
            entries, counts = [], []
            for name in metrics:
                difference, paired, unpaired = _needed(means, dataset, first, second, name)
                # The needed number of seeds has no interval, and is shown as a whole number.
                entries.append(Entry(paired, math.nan, math.nan, text=_text(paired)))
                counts.append(difference.n)
                seeds = (*astuple(difference), paired, unpaired)
                numbers.append((dataset, first, second, name, *seeds))
            # Seeds may lack a score: n of a row is that of its most complete column.
            rows.append(Row(block, pairs.label(first, second), str(max(counts)), entries))
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


class _Means:
    """The mean score of each seed, computed once per method and not again for each pair."""

    def __init__(self, trained: pd.DataFrame) -> None:
        self._scores = pairs.ScoresByMethod(trained)
        self._means: dict[tuple[str, str, str], pd.Series] = {}

    def of(self, dataset: str, method: str, name: str) -> pd.Series:
        """The means of a method's seeds, by seed."""
        key = (dataset, method, name)
        if key not in self._means:
            self._means[key] = _means_per_seed(self._scores.select(*key))
        return self._means[key]


def _needed(
    means: _Means,
    dataset: str,
    first: str,
    second: str,
    name: str,
) -> Needed:
    # Only seeds that both methods have.
    of_both = [means.of(dataset, method, name) for method in (first, second)]
    both = pd.concat(of_both, axis=1, join="inner").dropna()
    a = both.iloc[:, 0].to_numpy(dtype=np.float64)
    b = both.iloc[:, 1].to_numpy(dtype=np.float64)
    # One generator for all three: their order decides which resamples each of them draws.
    rng = estimates.generator(dataset, first, second, name, "seeds")
    difference = estimates.paired_difference(a, b, rng)
    paired = seeds_needed.paired(a, b, rng)
    unpaired = seeds_needed.unpaired(a, b, rng)
    return Needed(difference, paired, unpaired)


def _means_per_seed(scores: pd.DataFrame) -> pd.Series:
    """Mean score over hyper-parameters, by seed.

    A seed with a missing run is left out: its mean would be over other hyper-parameters.
    """
    wide = scores.pivot(index="seed", columns="params", values="result")
    return wide.dropna().mean(axis=1)


def _text(seeds: float) -> str:
    if math.isinf(seeds):
        return f"> {seeds_needed.MOST:,}"
    return "" if math.isnan(seeds) else f"{seeds:,.0f}"


def _notes(spec: Spec, context: Context) -> list[str]:
    level = f"{1 - estimates.LEVEL:.2f}"
    power = f"{seeds_needed.POWER:.0%}"
    return [
        f"Seeds with which a paired t test at {level} would find the difference in {power} "
        "of experiments, resampled from the seeds available; "
        f"at least {seeds_needed.LEAST_RUNS} are needed. n: seeds of both.",
        "The value of a seed is its mean over a method's hyper-parameters. "
        "Unpaired numbers of seeds and the differences are in the CSV.",
        *context.caption(spec),
    ]
