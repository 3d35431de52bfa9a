"""Tables of scores: a row a method or a cell, a column a score, each entry a mean with its interval and n; controls apart.

What did not come out is counted and shown: a failed or missing run lowers n, and is named under the table with its reason.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from facsimile import atomic, canonical, discover, names, rendering, statistics
from facsimile.presentation import Context, Quantity, Spec, select
from facsimile.rendering import Entry, Row
from facsimile.statistics import Estimate

NAMED_FAILURES = 6
FEW = 5
STATES = ("done", "failed", "missing")
Groups = list[tuple[str, str, str]]  # data set, model, parameters ("" for all)


@dataclass(frozen=True)
class Table:
    """A table, ready to be printed; ``data`` has a row a number, with interval and n."""

    title: str
    columns: list[str]
    rows: list[Row]
    notes: list[str]
    data: pd.DataFrame = field(repr=False)

    def wide(self) -> pd.DataFrame:
        """As printed: a row a method, a column a score, entries as text."""
        body = [[row.block, row.label, row.n, *(entry.line() for entry in row.entries)] for row in self.rows]
        return pd.DataFrame(body, columns=["block", "method", "n", *self.columns])

    def markdown(self) -> str:
        """GitHub's Markdown."""
        return rendering.markdown(self.title, self.columns, self.rows, self.notes)

    def latex(self, label: str) -> str:
        """A LaTeX table; needs the packages booktabs and amsmath."""
        return rendering.latex(self.title, self.columns, self.rows, self.notes, label)

    def console(self) -> Any:
        """Something that a rich Console prints."""
        return rendering.console(self.title, self.columns, self.rows, self.notes)


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """The table ``spec`` of kind "scores" (a row a method) or "cells" (a row a hyper-parameter); raises UnknownName."""
    if spec.kind not in KINDS:
        raise discover.UnknownName("kind of table", spec.kind, list(KINDS))
    found, wanted = select(scores, spec, context)
    made = runs[runs["dataset"].isin(context.shown(spec))]
    rows, numbers = [], []
    for group in KINDS[spec.kind](made, spec, context):
        own = _of(made, group)
        estimates = [_estimate(_of(found[found["name"] == name], group), group, name) for name in wanted]
        entries = [_entry(estimate, int((own["state"] == "done").sum())) for estimate in estimates]
        rows.append(Row(_block(group, spec, context), _label(group, spec), _count(own), entries))
        numbers += [(*group, name, *_fields(estimate, own)) for name, estimate in zip(wanted, estimates, strict=True)]
    data = pd.DataFrame(numbers, columns=["dataset", "model", "params", "metric", "mean", "low", "high", "n", *STATES])
    return Table(spec.title, [names.metric(name) for name in wanted], rows, _notes(made, spec, context), data)


def save(table: Table, folder: Path, name: str) -> list[Path]:
    """Write ``name``.csv (tidy numbers), .md and .tex, each whole or not at all."""
    texts = {
        "csv": table.data.to_csv(index=False, lineterminator="\n"),
        "md": table.markdown(),
        "tex": table.latex(f"tab:{name}"),
    }
    for ending, text in texts.items():
        atomic.write_bytes(folder / f"{name}.{ending}", text.encode())
    return [folder / f"{name}.{ending}" for ending in texts]


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The mean of every row, for the paper's data sets and those shown here."""
    groups = [(m, "") for m in (*context.models, *context.controls)]
    if spec.kind == "cells":
        groups = [(m, canonical.dumps({context.models[m][0]: v})) for m, values in context.sweeps.items() for v in values]
    wanted = [(d, name) for d in context.named(spec) for name in context.metrics_of(spec)]
    return [Quantity(spec.id, d, model, params, name, "mean") for d, name in wanted for model, params in groups]


def _methods(runs: pd.DataFrame, spec: Spec, context: Context) -> Groups:
    return [(d, m, "") for d in context.shown(spec) for m in (*context.models, *context.controls)]


def _cells(runs: pd.DataFrame, spec: Spec, context: Context) -> Groups:
    listed = []
    for dataset, model, _ in _methods(runs, spec, context):
        own = _of(runs, (dataset, model, "")).sort_values(["value_index", "value"], kind="stable")
        listed += [(dataset, model, params) for params in dict.fromkeys(own["params"])]
    return listed


KINDS: dict[str, Callable[[pd.DataFrame, Spec, Context], Groups]] = {"scores": _methods, "cells": _cells}


def _of(frame: pd.DataFrame, group: tuple[str, str, str]) -> pd.DataFrame:
    dataset, model, params = group
    chosen = (frame["dataset"] == dataset) & (frame["model"] == model)
    return frame[chosen & (frame["params"] == params)] if params else frame[chosen]


def _estimate(scored: pd.DataFrame, group: tuple[str, str, str], name: str) -> Estimate:
    return statistics.estimate(scored["result"].to_numpy(dtype=float), statistics.generator(*group, name, "mean"))


def _entry(estimate: Estimate, done: int) -> Entry:
    """A number whose n is printed where it is not that of its row."""
    return Entry(estimate.value, estimate.low, estimate.high, estimate.n if estimate.n != done else None)


def _fields(estimate: Estimate, own: pd.DataFrame) -> tuple[Any, ...]:
    counts = own["state"].value_counts()
    return estimate.value, estimate.low, estimate.high, estimate.n, *(int(counts.get(state, 0)) for state in STATES)


def _count(own: pd.DataFrame) -> str:
    """``3``, or ``2 of 3`` where runs failed or are missing."""
    done = int((own["state"] == "done").sum())
    return str(done) if done == len(own) else f"{done} of {len(own)}"


def _block(group: tuple[str, str, str], spec: Spec, context: Context) -> str:
    several = len(context.shown(spec)) > 1
    kind = "Controls" if group[1] in context.controls else "Methods"
    return f"{names.dataset(group[0])}: {kind.lower()}" if several else kind


def _label(group: tuple[str, str, str], spec: Spec) -> str:
    _, model, params = group
    return names.model(model) if spec.kind == "scores" else " ".join(filter(None, [names.model(model), names.settings(params)]))


def _notes(made: pd.DataFrame, spec: Spec, context: Context) -> list[str]:
    trained = made[(made["state"] == "done") & ~made["control"].astype(bool)]
    row, over = (["model"], "hyper-parameters and seeds") if spec.kind == "scores" else (["model", "params"], "seeds")
    interval = f"{100 * statistics.LEVEL:.0f} % percentile bootstrap interval"
    notes = [f"Mean over the runs of a row ({over}) and its {interval} over them, – where there is none; n: runs."]
    few = len(trained) > 0 and trained.groupby(["dataset", *row]).size().min() < FEW
    notes += [f"Intervals of fewer than {FEW} runs are too narrow."] if few else []
    return [*notes, *context.said(spec), *_failures(made)]


def _failures(made: pd.DataFrame) -> list[str]:
    """Runs that failed, with the reason, and how many were not made."""
    failed, missing = (made[made["state"] == state] for state in ("failed", "missing"))
    named = [_named(record) for record in failed.head(NAMED_FAILURES).to_dict("records")]
    more = [f"and {len(failed) - NAMED_FAILURES} more"] if len(failed) > NAMED_FAILURES else []
    lines = [f"{len(failed)} of {len(made)} runs failed: {'; '.join([*named, *more])}."] if len(failed) else []
    return lines + ([f"{len(missing)} of {len(made)} runs are missing: not made yet."] if len(missing) else [])


def _named(record: dict[Any, Any]) -> str:
    return f"{names.model(record['model'])} {names.settings(record['params'])}, seed {record['seed']}: {record['reason']}"
