"""Our estimate of a number: its value, its 95 % interval and its number of runs.

The value of a statistic of one score over runs, or of the correlation of two scores, ``a ~ b``.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from facsimile.comparison import published
from facsimile.comparison.score_index import RunResults, ScoreIndex
from facsimile.presentation.context import Context
from facsimile.presentation.spec import ONE_RUN, Quantity
from facsimile.statistics import cell_means, estimates, further_run
from facsimile.statistics.estimates import Array, Estimate

# Statistics of two scores, ``a ~ b``.
CORRELATIONS = ("spearman", "pearson")
# What runs a rank correlation is over: a quantity without its score, and their keys.
RunGroup = tuple[Quantity, tuple[str, ...]]
NOTHING = Estimate(value=math.nan, low=math.nan, high=math.nan, n=0)


def estimate(quantity: Quantity, index: ScoreIndex, context: Context) -> Estimate:
    """Our value of a quantity with its interval and number of runs; n = 0 if there is none."""
    if quantity.metric == published.DESIGN:
        return _of_design(quantity, context)
    if quantity.statistic == "spearman":
        return _correlation(quantity, index)
    if quantity.statistic == "pearson":
        return _correlation_of_means(quantity, index)
    if quantity.statistic == ONE_RUN:
        return further_run.estimate(index.select(quantity, quantity.metric).results)
    if quantity.statistic not in estimates.STATISTICS:
        return NOTHING
    statistic = estimates.STATISTICS[quantity.statistic]
    # Seeded by the quantity, so that its interval does not depend on the other rows.
    rng = estimates.generator(
        quantity.dataset,
        quantity.model,
        quantity.params,
        quantity.metric,
        quantity.statistic,
    )
    selected = index.select(quantity, quantity.metric)
    return estimates.estimate(selected.results, rng, statistic)


def _of_design(quantity: Quantity, context: Context) -> Estimate:
    """The number of models in the whole study, the only property of a design that is compared."""
    of_the_whole_study = not (quantity.dataset or quantity.model)
    if quantity.statistic != "count" or not of_the_whole_study:
        return NOTHING
    count = context.design.published_runs
    return Estimate(count, math.nan, math.nan, count)


def rank_correlations(
    quantities: Iterable[Quantity], index: ScoreIndex
) -> dict[Quantity, Estimate]:
    """The rank correlations of all pairs of scores that the same runs have.

    Ranking a score once takes a tenth of the time of ranking it for each of its pairs. Pairs whose
    scores different runs have are left to ``estimate``.
    """
    columns: dict[RunGroup, dict[str, Array]] = {}
    pairs: dict[Quantity, RunGroup] = {}
    for quantity in quantities:
        if quantity.statistic != "spearman":
            continue
        group = _without_score(quantity)
        first_metric, second_metric = quantity.metric.split(" ~ ")
        first = index.select(quantity, first_metric)
        second = index.select(quantity, second_metric)
        if _same_runs(first, second):
            key = group, tuple(first.runs)
            scores = columns.setdefault(key, {})
            scores |= {first_metric: first.results, second_metric: second.results}
            pairs[dataclasses.replace(quantity, artefact="")] = key
    tables = {key: _correlation_table(key[0].dataset, scores) for key, scores in columns.items()}
    return {quantity: tables[key][quantity.metric] for quantity, key in pairs.items()}


def _without_score(quantity: Quantity) -> Quantity:
    """What identifies the runs that a quantity is about."""
    return dataclasses.replace(quantity, artefact="", metric="")


def _correlation_table(dataset: str, scores: Mapping[str, Array]) -> dict[str, Estimate]:
    """``a ~ b`` -> the correlation of two scores; ``scores``: name -> results [n]."""
    table = np.stack(list(scores.values()), axis=1)
    correlations = estimates.spearmans(table, table, _resampling(dataset))
    by_pair = {}
    for (i, first), (j, second) in itertools.product(enumerate(scores), repeat=2):
        by_pair[f"{first} ~ {second}"] = Estimate(
            float(correlations.value[i, j]),
            float(correlations.low[i, j]),
            float(correlations.high[i, j]),
            correlations.n,
        )
    return by_pair


def _resampling(dataset: str) -> np.random.Generator:
    """The same resamples for all pairs of scores on a data set."""
    return estimates.generator(dataset, "spearman")


def _correlation(quantity: Quantity, index: ScoreIndex) -> Estimate:
    """Spearman's correlation of the two scores in ``a ~ b``, over the runs that have both."""
    first_metric, _, second_metric = quantity.metric.partition(" ~ ")
    first = index.select(quantity, first_metric)
    second = index.select(quantity, second_metric)
    x, y = _paired(first, second)
    return estimates.spearman(x, y, _resampling(quantity.dataset))


def _correlation_of_means(quantity: Quantity, index: ScoreIndex) -> Estimate:
    """Pearson's correlation of the means of the two scores in ``a ~ b``, one point per cell."""
    first_metric, _, second_metric = quantity.metric.partition(" ~ ")
    first = index.select(quantity, first_metric)
    second = index.select(quantity, second_metric)
    cell_of_run = dict(zip(first.runs, first.params, strict=True))
    x, y = _paired(first, second)
    has_both = np.isin(first.runs, second.runs)
    cells = np.array([cell_of_run[run] for run in first.runs[has_both]], dtype=object)
    rng = estimates.generator(quantity.dataset, quantity.model, "pearson")
    return cell_means.pearson(x, y, cells.astype(str), rng)


def _paired(first: RunResults, second: RunResults) -> tuple[Array, Array]:
    """The results [n] on both sides of the runs that both have, in the order of the first.

    Raises ValueError if a run has one of the scores twice.
    """
    # Nearly always both are of the same runs, and joining them would take longer than the rest.
    if _same_runs(first, second):
        return first.results, second.results
    left = pd.Series(first.results, index=first.runs)
    right = pd.Series(second.results, index=second.runs)
    joined = pd.concat([left, right], axis=1, join="inner")
    return joined[0].to_numpy(dtype=float), joined[1].to_numpy(dtype=float)


def _same_runs(first: RunResults, second: RunResults) -> bool:
    """Whether two scores are of the same runs in the same order, each once."""
    is_unique = len(set(first.runs)) == len(first.runs)
    return is_unique and np.array_equal(first.runs, second.runs)
