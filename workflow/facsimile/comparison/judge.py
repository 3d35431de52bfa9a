"""Published numbers beside ours, with a verdict by a stated rule.

Each number of a study's tables and figures, and each published number, becomes one row. Its verdict follows from the first of
these that holds; ``RULES`` has the words of the column ``rule``:

1. no source: no published number is at hand.
2. not comparable: the number is a peer's, from another protocol; or ours is not there; or this scale departs from the study in
   what the number depends on. A control depends on evaluation and grid alone, so it is comparable wherever these are the
   study's. A trained model's score depends on steps and fixed hyper-parameters too, a number over all cells of a model on which
   cells there are, and what the study file states (``study.runs``) on no scale. Fewer than ``LEAST`` trained runs are too few.
3. reproduced: |ours - published| ≤ spread × max(1, 2 / √n) + half a unit of the last printed place. The 2 at n = 1 is there
   because a single run lies within two standard deviations about as often as an interval of 95 % holds the truth.
4. reproduced: the published value, give or take its rounding, lies inside our 95 % bootstrap interval.
5. not comparable: neither side says how much its number varies.
6. differs.
"""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from facsimile.comparison import nearest, published
from facsimile.comparison.published import Published
from facsimile.foundation import atomic, discover
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import with_names
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates
from facsimile.statistics.estimates import Estimate

LEAST = 5
RULES = {
    "source": "a published number with a source",
    "protocol": "one protocol on both sides",
    "runs": f"at least {LEAST} trained runs, or one of a control",
    "tolerance": "|difference| ≤ spread × max(1, 2/√n) + half a unit of the last printed place",
    "interval": f"published value ± rounding inside our {100 * estimates.LEVEL:.0f} % interval",
    "variation": "a published spread or an interval of ours",
}
NOTHING = Estimate(math.nan, math.nan, math.nan, 0)
Frames = dict[tuple[str, str], pd.DataFrame]  # (data set, metric.score) -> scores


class Verdict(NamedTuple):
    """The word, why, and the rule that decided."""

    verdict: str
    reason: str
    rule: str


def compare(
    scores: pd.DataFrame, printed: list[Published], specs: list[Spec], context: Context
) -> pd.DataFrame:
    """One row a number that the artefacts ``specs`` show or that was ``printed`` (``published.read``), in their order."""
    frames = _frames(scores)
    pairs = _joined(_quantities(specs, context), printed, context)
    found = pd.DataFrame(
        [_row(quantity, number, frames, context) for quantity, number in pairs],
        columns=COLUMNS[:-1],
    )
    return found.assign(
        nearest=nearest.marked(found, [number.line if number else None for _, number in pairs])
    )


def save(comparison: pd.DataFrame, path: Path) -> None:
    """Write comparison.csv, whole or not at all."""
    atomic.write_bytes(path, comparison.to_csv(index=False, lineterminator="\n").encode())


def ours(quantity: Quantity, frames: Frames, context: Context) -> Estimate:
    """Our value of a quantity with its interval and n; n = 0 where there is none."""
    if quantity.metric == published.DESIGN:
        stated = quantity.statistic == "count" and not (quantity.dataset or quantity.model)
        return (
            Estimate(
                context.design.published_runs, math.nan, math.nan, context.design.published_runs
            )
            if stated
            else NOTHING
        )
    if quantity.statistic == "spearman":
        return _correlation(quantity, frames)
    if quantity.statistic not in estimates.STATISTICS:
        return NOTHING
    values = _runs(quantity, frames, quantity.metric)["result"].to_numpy(dtype=float)
    rng = estimates.generator(
        quantity.dataset, quantity.model, quantity.params, quantity.metric, quantity.statistic
    )
    return estimates.estimate(values, rng, estimates.STATISTICS[quantity.statistic])


def judge(
    quantity: Quantity, number: Published | None, found: Estimate, context: Context
) -> Verdict:
    """The verdict on one number; the rule stands at the top of this file."""
    if number is None:
        return Verdict("no source", "no published number at hand", RULES["source"])
    for rule, reason in _obstacles(quantity, number, found, context):
        return Verdict("not comparable", reason, RULES[rule])
    difference = found.value - number.value
    spread = 0.0 if math.isnan(number.spread) else number.spread
    tolerance = spread * max(1.0, 2.0 / math.sqrt(found.n)) + number.rounding
    if abs(difference) <= tolerance * (1 + 1e-9):
        return Verdict(
            "reproduced",
            f"difference {difference:+.4g}, tolerance {tolerance:.4g}",
            RULES["tolerance"],
        )
    if found.low - number.rounding <= number.value <= found.high + number.rounding:
        return Verdict("reproduced", f"inside our interval of {found.n} runs", RULES["interval"])
    if math.isnan(number.spread) and math.isnan(found.low) and quantity.statistic != "count":
        reason = f"difference {difference:+.4g}, but no published spread and no interval of ours (n = {found.n})"
        return Verdict("not comparable", reason, RULES["variation"])
    outside = "" if math.isnan(found.low) else " and outside our interval"
    return Verdict(
        "differs",
        f"difference {difference:+.4g} beyond tolerance {tolerance:.4g}{outside}",
        RULES["tolerance"],
    )


def _obstacles(
    quantity: Quantity, number: Published, found: Estimate, context: Context
) -> list[tuple[str, str]]:
    """Why two numbers cannot be compared: (rule, reason)."""
    departures = "; ".join(_departures(quantity, context))
    # Where nothing is trained, numbers are of data sets, and one is as many as there are.
    given = quantity.model in (*context.design.controls, *context.design.untrained)
    trained = (
        not given and quantity.metric != published.DESIGN and context.design.published_steps > 0
    )
    computed = quantity.statistic in (*estimates.STATISTICS, "spearman", "count")
    where = f" of {names.dataset(quantity.dataset)}" if quantity.dataset else ""
    absent = (
        f"this scale has no such score{where}"
        if computed
        else f"the statistic {quantity.statistic!r} is not computed here"
    )
    obstacles = [
        (number.how == published.PEER, "protocol", "a peer's number, from another protocol"),
        (found.n == 0, "protocol", context.design.unmeasured.get(quantity.metric, absent)),
        (bool(departures), "protocol", f"{context.scale.name} scale: {departures}"),
        (
            math.isnan(found.value),
            "runs",
            f"our {quantity.statistic} of {found.n} runs is undefined",
        ),
        (trained and found.n < LEAST, "runs", f"{found.n} of at least {LEAST} runs"),
    ]
    return [(rule, reason) for holds, rule, reason in obstacles if holds]


def _departures(quantity: Quantity, context: Context) -> list[str]:
    if quantity.metric == published.DESIGN:
        return []
    kinds = {"evaluation", "grid"}
    if quantity.model not in (*context.design.controls, *context.design.untrained):
        kinds |= {"training"} if quantity.params else {"training", "cells"}
    families = ["", *(name.partition(".")[0] for name in quantity.metric.split(" ~ "))]
    here = [
        d
        for d in context.scale.departures
        if d.kind in kinds and d.dataset in ("", quantity.dataset) and d.metric in families
    ]
    called = {"", quantity.model, context.design.labels.get(quantity.model, "")}
    of_it = [label for label, model in context.design.labels.items() if model == quantity.model]
    touching = [d for d in here if not quantity.model or d.model in (*called, *of_it)]
    return list(dict.fromkeys(d.text for d in touching))


def _quantities(specs: list[Spec], context: Context) -> list[Quantity]:
    """What the tables and figures state: each kind is a file of tables/ or figures/."""
    tables = discover.names("tables")
    kinds = [
        (spec, discover.module("tables" if spec.kind in tables else "figures", spec.kind))
        for spec in specs
    ]
    return [quantity for spec, kind in kinds for quantity in kind.cells(spec, context)]


def _joined(
    wanted: list[Quantity], printed: list[Published], context: Context
) -> list[tuple[Quantity, Published | None]]:
    """The outer join of both, in the order of the study's artefacts, then of what is published beside them."""
    by_quantity: dict[Quantity, list[Published | None]] = {quantity: [] for quantity in wanted}
    for number in printed:
        by_quantity.setdefault(number.quantity, []).append(number)
    order = [*context.design.artefacts, *published.BESIDE]
    pairs = [
        (quantity, number)
        for quantity, numbers in by_quantity.items()
        for number in numbers or [None]
    ]
    return sorted(pairs, key=lambda pair: order.index(pair[0].artefact))


def _row(
    quantity: Quantity, number: Published | None, frames: Frames, context: Context
) -> tuple[Any, ...]:
    found = ours(quantity, frames, context)
    theirs = (
        (number.value, number.spread, number.source, number.how)
        if number
        else (math.nan, math.nan, "", "")
    )
    identity = [getattr(quantity, key) for key in Quantity.__dataclass_fields__]
    verdict = judge(quantity, number, found, context)
    own = found.value, found.low, found.high, found.n, found.value - theirs[0]
    return *identity, *theirs, *own, *verdict, number.faithful_to if number else ""


COLUMNS = [
    *Quantity.__dataclass_fields__,
    *("value", "spread", "source", "how"),
    *("ours", "low", "high", "n", "difference"),
    *Verdict._fields,
    *(
        "faithful_to",
        "nearest",
    ),  # see variants.py; both empty where a published name has no variants
]


def _frames(scores: pd.DataFrame) -> Frames:
    return {
        (str(d), str(n)): frame
        for (d, n), frame in with_names(scores).groupby(["dataset", "name"], sort=False)
    }


def _runs(quantity: Quantity, frames: Frames, metric: str) -> pd.DataFrame:
    """Scores that a quantity is about: a run matches when it has all the hyper-parameters that are stated."""
    empty = pd.DataFrame({"run": [], "result": []})
    found = frames.get((quantity.dataset, metric))
    if found is None:
        return empty
    chosen = ~found["control"].astype(bool)
    if quantity.model:
        column = "label" if quantity.model in set(found["label"]) else "model"
        chosen = found[column] == quantity.model
    if quantity.params:
        stated = json.loads(quantity.params).items()
        chosen &= np.array(
            [stated <= json.loads(params).items() for params in found["params"]], dtype=bool
        )
    return found[chosen]


def _correlation(quantity: Quantity, frames: Frames) -> Estimate:
    a, _, b = quantity.metric.partition(" ~ ")
    first, second = (_runs(quantity, frames, name).set_index("run")["result"] for name in (a, b))
    both = pd.concat([first, second], axis=1, join="inner").to_numpy(dtype=float)
    return estimates.spearman(
        both[:, 0], both[:, 1], estimates.generator(quantity.dataset, "spearman")
    )
