"""Errors of each quantity (columns) where one of them was set (rows), model by model."""

from dataclasses import astuple
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import once_per_run, rows_of_models, with_names
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates
from facsimile.tables import Table
from facsimile.tables.base import means

COLUMNS = ["dataset", "method", "set", "read", "value", "low", "high", "n"]
# The spec names a metric in place of each of its scores.
SHOWS_METRICS = True
KEY = ["dataset", "method", "name"]
STILL = "a picture that does not change"
NONE = np.empty(0)
Results = dict[tuple[str, str, str], npt.NDArray[np.float64]]
Number = tuple[str, str, str, str, float, float, float, int]  # as ``COLUMNS``


class Part(NamedTuple):
    """Rows of one title: scores ``prefix_{f}_do_{k}`` of a method on a data set."""

    dataset: str
    method: str
    title: str
    prefix: str


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """One row per data set, method and quantity that was set, then those of unchanged pictures."""
    shown_runs = rows_of_models(means.shown(runs, spec, context), spec.models)
    named = rows_of_models(with_names(scores), spec.models)
    named = once_per_run(named[named["dataset"].isin(context.shown(spec))])
    results = {}
    for (dataset, method, name), group in named.groupby(KEY):
        key = (str(dataset), str(method), str(name))
        results[key] = group["result"].to_numpy(float)
    rows: list[Row] = []
    numbers: list[Number] = []
    columns: list[str] = []
    for dataset, of_dataset in shown_runs.groupby("dataset", sort=False):
        concepts = _concepts(str(dataset))
        columns = concepts or columns
        methods = [str(method) for method in of_dataset["method"].unique()]
        parts = [_of_method(str(dataset), method) for method in methods]
        # Unchanged pictures have the same errors for all methods.
        parts.append(Part(str(dataset), methods[0], STILL, "still"))
        for part in parts:
            n = means.count(of_dataset[of_dataset["method"] == part.method])
            errors = _errors(part, concepts, results)
            numbers += errors
            rows += _rows(part, concepts, errors, n)
    notes = [
        "Mean absolute error in units of the prior, mean over seeds.",
        *context.caption(spec),
        *means.failures(shown_runs),
    ]
    return Table(
        spec.title,
        columns,
        rows,
        notes,
        pd.DataFrame(numbers, columns=COLUMNS),
    )


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: the comparison looks up the scores by name."""
    return []


def _of_method(dataset: str, method: str) -> Part:
    """The rows of a method."""
    return Part(dataset, method, names.model(method), "value")


def _errors(
    part: Part,
    concepts: list[str],
    results: Results,
) -> list[Number]:
    """Mean errors [set, read] of a part, row by row."""
    errors = []
    for k, f in np.ndindex(len(concepts), len(concepts)):
        name = f"effectiveness.{part.prefix}_{f}_do_{k}"
        values = results.get((part.dataset, part.method, name), NONE)
        rng = estimates.generator(part.dataset, part.method, name)
        mean = estimates.estimate(values, rng)
        place = (part.dataset, part.title, concepts[k], concepts[f])
        errors.append((*place, *astuple(mean)))
    return errors


def _rows(
    part: Part,
    concepts: list[str],
    errors: list[Number],
    n: str,
) -> list[Row]:
    """One row per concept that was set."""
    block = f"{names.dataset(part.dataset)} · {part.title}"
    rows = []
    for concept in concepts:
        of_concept = [error for error in errors if error[2] == concept]
        entries = [Entry(value, low, high) for *_, value, low, high, _ in of_concept]
        rows.append(Row(block, f"do({concept})", n, entries))
    return rows


def _concepts(dataset: str) -> list[str]:
    """Names of the quantities of a scene; none of other data."""
    # Not above: data sets import h5py, which the comparison need not wait for.
    from facsimile import datasets
    from facsimile.datasets.base.scene import Scene

    scene = datasets.grid(dataset)
    if not isinstance(scene, Scene):
        return []
    return [concept.replace("_", " ") for concept in scene.concepts]
