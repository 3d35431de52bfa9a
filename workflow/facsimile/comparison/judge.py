"""Compares published numbers with ours and gives each a verdict, by the rules below.

Each number of a study's tables and figures, and each published number, becomes one row. The first
rule that applies decides; ``RULES`` has the texts of the column ``rule``.

1. no source: there is no published number. Such a row is a result, and gets no verdict.
2. not comparable: the number is a peer's, from another protocol; or we have no result; or this
   scale departs from the study in something the number depends on. Controls depend only on
   evaluation and grid, so they are comparable wherever these are the study's. The score of a
   trained model also depends on steps and fixed hyper-parameters, and a number over all cells of a
   model on which cells exist. What the study file states (``study.runs``) depends on no scale.
   Fewer than ``LEAST`` trained runs are too few.
3. reproduced: |ours - published| ≤ spread × max(1, 2 / √n) + half a unit of the last printed digit.
   The 2 at n = 1 is there because a single run lies within two standard deviations about as often
   as a 95 % interval contains the true value.
   The tolerance of an exact value (see ``closed_form.py``) is the one that the study declares.
4. reproduced: the published value, give or take its rounding, lies inside our 95 % bootstrap
   interval. A published ``one run`` is compared with the interval of one further run of ours.
5. not comparable: neither side says how much its number varies.
6. differs.
"""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from facsimile.comparison import closed_form, nearest, our_estimates, published
from facsimile.comparison.published import Published
from facsimile.comparison.score_index import ScoreIndex
from facsimile.comparison.verdict import (
    DIFFERS,
    INSIDE_INTERVAL,
    LARGER_SCALE,
    MORE_SEEDS,
    NEW_METRIC,
    NO_SOURCE,
    NOT_COMPARABLE,
    NOT_MADE,
    OTHER_DATA,
    OTHER_VALUES,
    PEERS_PROTOCOL,
    REPRODUCED,
    Verdict,
)
from facsimile.foundation import atomic, discover
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import ONE_RUN, Quantity, Spec
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
COLUMNS = [
    *Quantity.__dataclass_fields__,
    *("value", "spread", "source", "how"),
    *("ours", "low", "high", "n", "difference"),
    *("verdict", "reason", "rule", "remedy"),
    *("faithful_to", "nearest"),  # both empty for numbers without variants
]
# What the columns of the published side hold if there is no published number.
_NOT_PUBLISHED = Published(
    quantity=Quantity("", "", "", "", "", ""),
    value=math.nan,
    spread=math.nan,
    rounding=math.nan,
    source="",
    how="",
)


def compare(
    scores: pd.DataFrame,
    printed: Sequence[Published],
    specs: Sequence[Spec],
    context: Context,
) -> pd.DataFrame:
    """Compare the numbers that ``specs`` show, and those in ``printed``, with our scores.

    The exact values that ``specs`` declare are compared, too.

    One row per number, with the columns ``COLUMNS``, in the order of the study's artefacts. A
    quantity that was published several times has a row for each.
    """
    index = ScoreIndex(scores)
    printed = [*printed, *closed_form.numbers(scores, specs, context)]
    pairs = _joined(_quantities(specs, context), printed, context)
    estimates_of = our_estimates.rank_correlations((quantity for quantity, _ in pairs), index)
    estimates_of |= _of_kinds(specs, scores, context)
    rows = []
    for quantity, number in pairs:
        # Several artefacts may show one number, and its bootstrap takes most of the time here.
        shared = dataclasses.replace(quantity, artefact="")
        if shared not in estimates_of:
            estimates_of[shared] = our_estimates.estimate(quantity, index, context)
        estimate = estimates_of[shared]
        rows.append(_row(quantity, number, estimate, context))
    *columns, _ = COLUMNS
    table = pd.DataFrame(rows, columns=columns)
    lines = [number.line if number else None for _, number in pairs]
    return table.assign(nearest=nearest.marked(table, lines))


def _of_kinds(
    specs: Sequence[Spec],
    scores: pd.DataFrame,
    context: Context,
) -> dict[Quantity, Estimate]:
    """The numbers that kinds of tables and figures compute themselves, without their artefact."""
    estimates_of: dict[Quantity, Estimate] = {}
    for spec in specs:
        own_estimates = getattr(_kind(spec), "own_estimates", None)
        if own_estimates:
            for quantity, estimate in own_estimates(scores, spec, context).items():
                estimates_of[dataclasses.replace(quantity, artefact="")] = estimate
    return estimates_of


def save(comparison: pd.DataFrame, path: Path) -> None:
    """Write comparison.csv atomically."""
    text = comparison.to_csv(index=False, lineterminator="\n")
    atomic.write_bytes(path, text.encode())


def judge(
    quantity: Quantity,
    number: Published | None,
    estimate: Estimate,
    context: Context,
) -> Verdict:
    """The verdict on one number; the rules are at the top of this file."""
    if number is None:
        return Verdict(NO_SOURCE, "no published number at hand", RULES["source"])
    obstacles = _obstacles(quantity, number, estimate, context)
    if obstacles:
        return obstacles[0]
    return _judge_difference(quantity, number, estimate)


def _judge_difference(
    quantity: Quantity,
    number: Published,
    estimate: Estimate,
) -> Verdict:
    """The verdict on two numbers that can be compared."""
    difference = estimate.value - number.value
    spread = 0.0 if math.isnan(number.spread) else number.spread
    spreads = max(1.0, 2.0 / math.sqrt(estimate.n))
    tolerance = spread * spreads + number.rounding
    # A difference of exactly the tolerance must not fail because of how floats round.
    if abs(difference) <= tolerance * (1 + 1e-9):
        reason = f"difference {difference:+.4g}, tolerance {tolerance:.4g}"
        return Verdict(REPRODUCED, reason, RULES["tolerance"])

    low = estimate.low - number.rounding
    high = estimate.high + number.rounding
    # False if we have no interval, because its ends are NaN.
    if low <= number.value <= high:
        reason = f"{INSIDE_INTERVAL} of {estimate.n} runs"
        return Verdict(REPRODUCED, reason, RULES["interval"])

    has_interval = not math.isnan(estimate.low)
    has_spread = not math.isnan(number.spread)
    # Neither a count nor an exact value varies, so ours can differ without an interval.
    is_certain = quantity.statistic == "count" or number.how == published.CLOSED_FORM
    if not (has_interval or has_spread or is_certain):
        reason = (
            f"difference {difference:+.4g}, but no published spread and no interval of ours"
            f" (n = {estimate.n})"
        )
        return Verdict(NOT_COMPARABLE, reason, RULES["variation"], MORE_SEEDS)

    outside = " and outside our interval" if has_interval else ""
    reason = f"difference {difference:+.4g} beyond tolerance {tolerance:.4g}{outside}"
    return Verdict(DIFFERS, reason, RULES["tolerance"])


def _obstacles(
    quantity: Quantity,
    number: Published,
    estimate: Estimate,
    context: Context,
) -> list[Verdict]:
    """Why two numbers cannot be compared; the first reason is reported."""
    obstacles = []
    if number.how == published.PEER:
        reason = "a peer's number, from another protocol"
        obstacles.append(_not_comparable("protocol", reason, PEERS_PROTOCOL))
    if estimate.n == 0:
        obstacles.append(_not_comparable("protocol", *_why_missing(quantity, context)))
    departures = "; ".join(_departures(quantity, context))
    if departures:
        reason = f"{context.scale.name} scale: {departures}"
        obstacles.append(_not_comparable("protocol", reason, LARGER_SCALE))
    if math.isnan(estimate.value):
        reason = f"our {quantity.statistic} of {estimate.n} runs is undefined"
        obstacles.append(_not_comparable("runs", reason, MORE_SEEDS))
    if _is_of_trained_models(quantity, context) and estimate.n < LEAST:
        reason = f"{estimate.n} of at least {LEAST} runs"
        obstacles.append(_not_comparable("runs", reason, MORE_SEEDS))
    return obstacles


def _not_comparable(
    rule: str,
    reason: str,
    remedy: str,
) -> Verdict:
    return Verdict(NOT_COMPARABLE, reason, RULES[rule], remedy)


def _why_missing(
    quantity: Quantity,
    context: Context,
) -> tuple[str, str]:
    """Why we have no such result, and what would give one."""
    for name in (quantity.dataset, quantity.model):
        if name in context.design.not_made:
            return context.design.not_made[name], NOT_MADE
    if quantity.metric in context.design.unmeasured:
        return context.design.unmeasured[quantity.metric], NEW_METRIC
    computed = (
        *estimates.STATISTICS,
        *our_estimates.CORRELATIONS,
        *published.OF_TABLES,
        ONE_RUN,
        "count",
    )
    if quantity.statistic not in computed:
        return f"the statistic {quantity.statistic!r} is not computed here", NEW_METRIC
    for name, value in json.loads(quantity.params or "{}").items():
        values = context.design.values.get(quantity.model, {}).get(name, (value,))
        if value not in values:
            trained = names.enumeration([f"{number:g}" for number in values])
            reason = f"no run has {names.parameter(name)} = {value:g}; the study has {trained}"
            return reason, OTHER_VALUES
    where = f" of {names.dataset(quantity.dataset)}" if quantity.dataset else ""
    has_data = quantity.dataset in ("", *context.scale.datasets)
    remedy = LARGER_SCALE if has_data else OTHER_DATA
    return f"this scale has no such score{where}", remedy


def _needs_no_training(quantity: Quantity, context: Context) -> bool:
    design = context.design
    return quantity.model in (*design.controls, *design.untrained)


def _is_of_trained_models(quantity: Quantity, context: Context) -> bool:
    """Whether a number varies with the seed of training, so that one run is not enough."""
    if quantity.metric == published.DESIGN or _needs_no_training(quantity, context):
        return False
    if quantity.model in context.design.deterministic:
        return False
    # A study that trains nothing has one number per data set.
    return context.design.published_steps > 0


def _departures(
    quantity: Quantity,
    context: Context,
) -> list[str]:
    """The departures of this scale that affect a quantity, as texts without repetition."""
    if quantity.metric == published.DESIGN:
        return []
    kinds = {"evaluation", "grid"}
    if not _needs_no_training(quantity, context):
        kinds.add("training")
        # A number for certain hyper-parameters does not change with the other cells.
        if not quantity.params:
            kinds.add("cells")
    # A departure without a metric, a model or a data set applies to all of them.
    metrics = [""]
    for name in quantity.metric.split(" ~ "):
        metrics.append(name.partition(".")[0])
    texts = []
    for departure in context.scale.departures:
        applies = (
            departure.kind in kinds
            and departure.dataset in ("", quantity.dataset)
            and departure.metric in metrics
            and (not quantity.model or departure.model in ("", quantity.model))
        )
        if applies:
            texts.append(departure.text)
    return list(dict.fromkeys(texts))


def _quantities(
    specs: Sequence[Spec],
    context: Context,
) -> list[Quantity]:
    """The numbers that the tables and figures of the study show."""
    quantities: list[Quantity] = []
    for spec in specs:
        quantities += _kind(spec).cells(spec, context)
    return quantities


def _kind(spec: Spec) -> Any:
    """The module of a kind of table or figure."""
    folder = "tables" if spec.kind in discover.names("tables") else "figures"
    return discover.module(folder, spec.kind)


def _joined(
    quantities: list[Quantity], printed: Sequence[Published], context: Context
) -> list[tuple[Quantity, Published | None]]:
    """The outer join of both, in the order of the study's artefacts, then ``published.BESIDE``."""
    numbers_of: dict[Quantity, list[Published]] = {}
    for quantity in quantities:
        numbers_of[quantity] = []
    for number in printed:
        numbers_of.setdefault(number.quantity, []).append(number)

    order = [*context.design.artefacts, *published.BESIDE]
    # Sorting is stable: within an artefact, the order of its own numbers is kept.
    in_order = sorted(numbers_of, key=lambda quantity: order.index(quantity.artefact))
    pairs: list[tuple[Quantity, Published | None]] = []
    for quantity in in_order:
        for number in numbers_of[quantity]:
            pairs.append((quantity, number))
        if not numbers_of[quantity]:
            pairs.append((quantity, None))
    return pairs


def _row(
    quantity: Quantity,
    number: Published | None,
    estimate: Estimate,
    context: Context,
) -> tuple[Any, ...]:
    """The values of all ``COLUMNS`` but the last."""
    verdict = judge(quantity, number, estimate, context)
    number = number or _NOT_PUBLISHED
    return (
        *vars(quantity).values(),
        number.value,
        number.spread,
        number.source,
        number.how,
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        estimate.value - number.value,
        verdict.verdict,
        verdict.reason,
        verdict.rule,
        verdict.remedy,
        number.faithful_to,
    )
