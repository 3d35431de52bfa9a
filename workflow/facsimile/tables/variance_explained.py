"""Variance of each score explained by objective, hyper-parameter and seed: a row per score.

Locatello et al. 2019, appendix.
"""

import itertools
import math
from dataclasses import astuple

import pandas as pd

from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates, variance_shares
from facsimile.statistics.estimates import Estimate
from facsimile.statistics.variance_shares import Explained
from facsimile.tables import Table

PLAIN = {"r2_objective": "R² objective", "r2_setting": "R² objective × hyper-parameter"}
# Their names in published.csv and in the comparison, in the same order.
STATISTICS = ("R² objective", "R² setting")
SHARES = {"objective": "Objective", "hyper_parameter": "Hyper-parameter", "seed": "Seed"}
COLUMNS = ["dataset", "metric", "part", "value", "low", "high", "n"]


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """Plain R², as in the paper, and shares by adjusted R² with intervals, over trained runs."""
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    several_datasets = len(context.shown(spec)) > 1
    rows, numbers = [], []
    for dataset, name in itertools.product(context.shown(spec), metrics):
        parts = explained(trained, dataset, name)
        entries = []
        for part, share in _estimates(parts).items():
            entries.append(Entry.of(share))
            numbers.append((dataset, name, part, *astuple(share)))
        block = names.dataset(dataset) if several_datasets else "Scores"
        label = names.metric(name)
        rows.append(Row(block, label, str(parts.n), entries))
    return Table(
        title=spec.title,
        columns=[*PLAIN.values(), *SHARES.values()],
        rows=rows,
        notes=_notes(rows, spec, context),
        data=pd.DataFrame(numbers, columns=COLUMNS),
        head="Score",
    )


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """Both plain R² of each score on each data set."""
    listed = []
    for statistic in STATISTICS:
        listed += quantities.of_cells(spec, context, [("", "")], statistic)
    return listed


def own_estimates(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> dict[Quantity, Estimate]:
    """Both plain R² of each score on each data set that has scores, with intervals."""
    selected, metrics = select(scores, spec, context)
    trained = without_controls(selected)
    values = {}
    for dataset, name in itertools.product(context.shown(spec), metrics):
        parts = explained(trained, dataset, name)
        if parts.n == 0:
            continue
        for index, statistic in enumerate(STATISTICS):
            quantity = Quantity(spec.id, dataset, "", "", name, statistic)
            values[quantity] = parts.plain(index)
    return values


def explained(
    trained: pd.DataFrame,
    dataset: str,
    name: str,
) -> Explained:
    """What objective and hyper-parameter explain of one score on one data set.

    ``trained`` are scores of trained runs with the columns of ``with_names``. All scores of the
    same runs share their resamples.
    """
    # Sorted by run, so that the same draws resample the same runs of every score.
    chosen = (trained["dataset"] == dataset) & (trained["name"] == name)
    scores = trained[chosen].sort_values("run")
    return variance_shares.explained(
        scores["result"].to_numpy(dtype=float),
        scores["method"].to_numpy(dtype=str),
        scores["params"].to_numpy(dtype=str),
        estimates.generator(dataset, "variance"),
    )


def _estimates(parts: Explained) -> dict[str, Estimate]:
    """The estimate of each column; plain R² has no interval."""
    columns = {}
    for key in PLAIN:
        columns[key] = Estimate(getattr(parts, key), math.nan, math.nan, parts.n)
    for part in SHARES:
        columns[part] = parts.share(part)
    return columns


def _notes(
    rows: list[Row],
    spec: Spec,
    context: Context,
) -> list[str]:
    level = f"{100 * estimates.LEVEL:.0f} %"
    notes = [
        "R²: plain, of a least-squares fit to the objective, and to every pair of objective and "
        "hyper-parameter. Objective, hyper-parameter and seed: differences of adjusted R², "
        "which sum to 1; n: runs.",
        f"{level} bootstrap intervals over seeds within cells, corrected for the bootstrap's bias.",
    ]
    # A share is undefined if there is one seed per cell, or if the score is constant.
    undefined = []
    for row in rows:
        if any(math.isnan(entry.value) for entry in row.entries):
            undefined.append(row.label)
    if undefined:
        scores = names.enumeration(list(dict.fromkeys(undefined)))
        reason = "a cell needs two seeds, and a score must vary"
        notes.append(f"Undefined for {scores}: {reason}.")
    return [*notes, *context.caption(spec)]
