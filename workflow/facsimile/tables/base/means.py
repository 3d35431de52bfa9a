"""What the tables of scores share: a line a group of runs, each entry a mean with its interval and n.

What did not come out is counted and shown: a failed or missing run lowers n, and is named under the table with its reason.
"""

from typing import Any

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates as statistics_estimates
from facsimile.statistics.estimates import Estimate
from facsimile.tables import Table

NAMED_FAILURES = 6
FEW = 5
STATES = ("done", "failed", "missing")
Group = tuple[str, str, str]  # data set, model, parameters ("" for all)


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
    groups: list[Group],
    over: str,
) -> Table:
    """A table with a line for each of ``groups``; ``over`` says what the runs of a line differ in."""
    found, wanted = select(scores, spec, context)
    made = shown(runs, spec, context)
    rows, numbers = [], []
    for group in groups:
        own = of(made, group)
        estimates = [
            _estimate(of(found[found["name"] == name], group), group, name) for name in wanted
        ]
        entries = [_entry(estimate, int((own["state"] == "done").sum())) for estimate in estimates]
        rows.append(Row(_block(group, spec, context), _label(group), count(own), entries))
        numbers += [
            (*group, name, *_fields(estimate, own))
            for name, estimate in zip(wanted, estimates, strict=True)
        ]
    data = pd.DataFrame(
        numbers,
        columns=["dataset", "model", "params", "metric", "mean", "low", "high", "n", *STATES],
    )
    return Table(
        spec.title,
        [names.metric(name) for name in wanted],
        rows,
        _notes(made, groups, over, spec, context),
        data,
    )


def quantities(spec: Spec, context: Context, groups: list[tuple[str, str]]) -> list[Quantity]:
    """The mean of each of ``groups`` (model, parameters), for the paper's data sets and those shown here."""
    wanted = [(d, name) for d in context.paper_and_shown(spec) for name in context.metrics_of(spec)]
    return [
        Quantity(spec.id, d, model, params, name, "mean")
        for d, name in wanted
        for model, params in groups
        if context.design.trains(model, d)
    ]


def shown(runs: pd.DataFrame, spec: Spec, context: Context) -> pd.DataFrame:
    """The runs of the data sets that a table shows."""
    return runs[runs["dataset"].isin(context.shown(spec))]


def of(frame: pd.DataFrame, group: Group) -> pd.DataFrame:
    """The rows of one group."""
    dataset, model, params = group
    chosen = (frame["dataset"] == dataset) & (frame["model"] == model)
    return frame[chosen & (frame["params"] == params)] if params else frame[chosen]


def _estimate(scored: pd.DataFrame, group: Group, name: str) -> Estimate:
    return statistics_estimates.estimate(
        scored["result"].to_numpy(dtype=float), statistics_estimates.generator(*group, name, "mean")
    )


def _entry(estimate: Estimate, done: int) -> Entry:
    """A number whose n is printed where it is not that of its row."""
    return Entry(
        estimate.value, estimate.low, estimate.high, estimate.n if estimate.n != done else None
    )


def _fields(estimate: Estimate, own: pd.DataFrame) -> tuple[Any, ...]:
    counts = own["state"].value_counts()
    return (
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        *(int(counts.get(state, 0)) for state in STATES),
    )


def count(own: pd.DataFrame) -> str:
    """``3``, or ``2 of 3`` where runs failed or are missing."""
    done = int((own["state"] == "done").sum())
    return str(done) if done == len(own) else f"{done} of {len(own)}"


def _block(group: Group, spec: Spec, context: Context) -> str:
    several = len(context.shown(spec)) > 1
    kind = "Controls" if group[1] in context.design.controls else "Methods"
    return f"{names.dataset(group[0])}: {kind.lower()}" if several else kind


def _label(group: Group) -> str:
    _, model, params = group
    return " ".join(filter(None, [names.model(model), names.settings(params) if params else ""]))


def _notes(
    made: pd.DataFrame, groups: list[Group], over: str, spec: Spec, context: Context
) -> list[str]:
    trained = made[(made["state"] == "done") & ~made["control"].astype(bool)]
    counts = [len(members) for group in groups if len(members := of(trained, group))]
    interval = f"{100 * statistics_estimates.LEVEL:.0f} % percentile bootstrap interval"
    notes = [
        f"Mean over the runs of a row ({over}) and its {interval} over them, – where there is none; n: runs."
    ]
    notes += (
        [f"Intervals of fewer than {FEW} runs are too narrow."]
        if min(counts, default=FEW) < FEW
        else []
    )
    return [*notes, *context.caption(spec), *failures(made)]


def failures(made: pd.DataFrame) -> list[str]:
    """Runs that failed, with the reason, and how many were not made."""
    failed, missing = (made[made["state"] == state] for state in ("failed", "missing"))
    named = [_named(record) for record in failed.head(NAMED_FAILURES).to_dict("records")]
    more = [f"and {len(failed) - NAMED_FAILURES} more"] if len(failed) > NAMED_FAILURES else []
    lines = (
        [f"{len(failed)} of {len(made)} runs failed: {'; '.join([*named, *more])}."]
        if len(failed)
        else []
    )
    return lines + (
        [f"{len(missing)} of {len(made)} runs are missing: not made yet."] if len(missing) else []
    )


def _named(record: dict[Any, Any]) -> str:
    return f"{names.model(record['model'])} {names.settings(record['params'])}, seed {record['seed']}: {record['reason']}"
