"""Variance of each score explained by objective, hyper-parameter and seed (Locatello et al. 2019, appendix): a line a score."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates, variance_shares
from facsimile.statistics.estimates import Estimate
from facsimile.statistics.variance_shares import Explained
from facsimile.tables import Table

PLAIN = {"r2_objective": "R² objective", "r2_setting": "R² objective × hyper-parameter"}
SHARES = {"objective": "Objective", "hyper_parameter": "Hyper-parameter", "seed": "Seed"}


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """Plain R² as the paper has it, and shares by adjusted R² with their intervals; trained runs alone."""
    found, wanted = select(scores, spec, context)
    trained = found[~found["control"].astype(bool)]
    several = len(context.shown(spec)) > 1
    rows, numbers = [], []
    for dataset, name in ((d, name) for d in context.shown(spec) for name in wanted):
        said = explained(trained, dataset, name)
        named = dict(_estimates(said))
        entries = [Entry(e.value, e.low, e.high) for e in named.values()]
        rows.append(
            Row(
                names.dataset(dataset) if several else "Scores",
                names.metric(name),
                str(said.n),
                entries,
            )
        )
        numbers += [(dataset, name, key, e.value, e.low, e.high, e.n) for key, e in named.items()]
    data = pd.DataFrame(numbers, columns=["dataset", "metric", "part", "value", "low", "high", "n"])
    return Table(
        spec.title,
        [*PLAIN.values(), *SHARES.values()],
        rows,
        _notes(rows, spec, context),
        data,
        "Score",
    )


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None yet: a published R² is no statistic of one score over runs, which is what the comparison asks for."""
    return []


def explained(trained: pd.DataFrame, dataset: str, name: str) -> Explained:
    """What objective and hyper-parameter explain of one score of one data set; scores of the same runs are resampled alike."""
    own = trained[(trained["dataset"] == dataset) & (trained["name"] == name)].sort_values("run")
    objective, setting = (own[key].to_numpy(dtype=str) for key in ("model", "params"))
    return variance_shares.explained(
        own["result"].to_numpy(dtype=float),
        objective,
        setting,
        estimates.generator(dataset, "variance"),
    )


def _estimates(said: Explained) -> Iterator[tuple[str, Estimate]]:
    for key in PLAIN:
        yield key, Estimate(getattr(said, key), math.nan, math.nan, said.n)
    for part in SHARES:
        yield part, said.share(part)


def _notes(rows: list[Row], spec: Spec, context: Context) -> list[str]:
    lacking = [row.label for row in rows if any(math.isnan(entry.value) for entry in row.entries)]
    said: list[Any] = [
        "R²: plain, of a least-squares fit to the objective, and to every pair of objective and hyper-parameter. Objective, "
        "hyper-parameter and seed: differences of adjusted R², which sum to 1; n: runs.",
        f"{100 * estimates.LEVEL:.0f} % bootstrap intervals over seeds within cells, corrected for the bootstrap's bias.",
    ]
    why = "a cell needs two seeds, and a score must vary"
    said += (
        [f"Nothing is said of {names.listed(list(dict.fromkeys(lacking)))}: {why}."]
        if lacking
        else []
    )
    return [*said, *context.caption(spec)]
