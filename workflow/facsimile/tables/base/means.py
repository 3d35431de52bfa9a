"""Tables of mean scores: one row per group of runs, one column per score.

Nothing is left out in silence: a failed or missing run lowers n and is listed below the table, a
failed one with its reason.
"""

from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

import pandas as pd

from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import methods, select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates as statistics_estimates
from facsimile.statistics.estimates import Estimate
from facsimile.tables import Table

LISTED_FAILURES = 6  # more are only counted
FEW_RUNS = 5  # percentile intervals of fewer runs are too narrow (statistics/estimates.py)
STATES = ("done", "failed", "missing")
COLUMNS = ["dataset", "model", "params", "metric", "mean", "low", "high", "n", *STATES]
Group = tuple[str, str, str]
"""Data set, method, and hyper-parameters as canonical JSON or "" for all."""


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
    groups: list[Group],
    over: str,
) -> Table:
    """Make a table of mean scores.

    Parameters
    ----------
    scores, runs, spec, context
        As for ``tables.make``.
    groups
        One row each.
    over
        What the runs of a row differ in, for the notes: ``hyper-parameters and seeds``.

    Returns
    -------
    Table
        Each entry is a mean over the runs of a group with its bootstrap interval, and n if some
        finished run does not have the score. The data have the columns ``COLUMNS``.
    """
    selected, metrics = select(scores, spec, context)
    shown_runs = shown(runs, spec, context)
    shown_runs = shown_runs[shown_runs["method"].isin({method for _, method, _ in groups})]
    scores_by_name = {name: selected[selected["name"] == name] for name in metrics}
    rows, numbers = [], []
    for group in groups:
        group_runs = rows_of(shown_runs, group)
        states = group_runs["state"].value_counts()
        done, *_ = counts = [int(states.get(state, 0)) for state in STATES]
        entries = []
        for name in metrics:
            scores_of_group = rows_of(scores_by_name[name], group)
            mean = _mean(scores_of_group, group, name)
            # n is printed with an entry only if it is not that of the row.
            own_n = mean.n if mean.n != done else None
            entries.append(Entry.of(mean, own_n))
            numbers.append((*group, name, *astuple(mean), *counts))
        block = _block(group, spec, context)
        rows.append(Row(block, _label(group), count(group_runs), entries))
    return Table(
        title=spec.title,
        columns=[names.metric(name) for name in metrics],
        rows=rows,
        notes=_notes(shown_runs, groups, over, spec, context),
        data=pd.DataFrame(numbers, columns=COLUMNS),
    )


def means_of(
    spec: Spec,
    context: Context,
    cells: Iterable[tuple[str, str]],
) -> list[Quantity]:
    """The mean of each score of each cell on the data sets on which the study trains its method.

    ``cells`` are as for ``quantities.of_cells``.
    """
    listed = quantities.of_cells(spec, context, cells, "mean")
    return [number for number in listed if context.design.trains(number.model, number.dataset)]


def shown(
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """The runs on the data sets that a table shows, with a column ``method``."""
    return runs[runs["dataset"].isin(context.shown(spec))].assign(method=methods(runs))


def rows_of(frame: pd.DataFrame, group: Group) -> pd.DataFrame:
    """The rows of one group, of runs or of scores; both need a column ``method``."""
    dataset, method, params = group
    chosen = (frame["dataset"] == dataset) & (frame["method"] == method)
    rows = frame[chosen]
    return rows[rows["params"] == params] if params else rows


def count(runs: pd.DataFrame) -> str:
    """``3``, or ``2 of 3`` if some of the runs failed or are missing."""
    done = int((runs["state"] == "done").sum())
    return str(done) if done == len(runs) else f"{done} of {len(runs)}"


def failures(runs: pd.DataFrame) -> list[str]:
    """Notes on the runs that failed, with their reasons, and on those that are missing."""
    lines = []
    failed = runs[runs["state"] == "failed"]
    if len(failed):
        reasons = [_reason(run) for run in failed.head(LISTED_FAILURES).to_dict("records")]
        if len(failed) > LISTED_FAILURES:
            reasons.append(f"and {len(failed) - LISTED_FAILURES} more")
        lines.append(f"{len(failed)} of {len(runs)} runs failed: {'; '.join(reasons)}.")
    missing = runs[runs["state"] == "missing"]
    if len(missing):
        lines.append(f"{len(missing)} of {len(runs)} runs are missing: not made yet.")
    return lines


def _mean(
    scores: pd.DataFrame,
    group: Group,
    name: str,
) -> Estimate:
    # Seeded by what it is for, so that an interval does not depend on the rest of the table.
    rng = statistics_estimates.generator(*group, name, "mean")
    return statistics_estimates.estimate(scores["result"].to_numpy(dtype=float), rng)


def _block(
    group: Group,
    spec: Spec,
    context: Context,
) -> str:
    dataset, method, _ = group
    kind = "Controls" if method in context.design.controls else "Methods"
    if len(context.shown(spec)) > 1:
        return f"{names.dataset(dataset)}: {kind.lower()}"
    return kind


def _label(group: Group) -> str:
    _, method, params = group
    settings = names.settings(params) if params else ""
    return " ".join(filter(None, [names.model(method), settings]))


def _notes(
    runs: pd.DataFrame,
    groups: list[Group],
    over: str,
    spec: Spec,
    context: Context,
) -> list[str]:
    interval = f"{100 * statistics_estimates.LEVEL:.0f} % percentile bootstrap interval"
    notes = [
        f"Mean over the runs of a row ({over}) and its {interval}, – where there is none; n: runs."
    ]
    # Controls have few seeds by design: they need no warning.
    trained = runs[(runs["state"] == "done") & ~runs["control"].astype(bool)]
    sizes = [len(rows_of(trained, group)) for group in groups]
    if any(0 < size < FEW_RUNS for size in sizes):
        notes.append(f"Intervals of fewer than {FEW_RUNS} runs are too narrow.")
    return [*notes, *context.caption(spec), *failures(runs)]


def _reason(run: dict[Any, Any]) -> str:
    name = f"{names.model(run['method'])} {names.settings(run['params'])}"
    return f"{name}, seed {run['seed']}: {run['reason']}"
