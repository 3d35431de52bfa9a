"""A study's claims put to the test: each names a statistic (a file of a folder claims/) and where it must lie for it to hold.

The verdict follows from the first of these that holds:

1. not comparable: scores or data sets are not there, or this scale departs from the study in what the claim is about.
2. not comparable: there is no number, or no interval where the rule asks for one.
3. reproduced: the whole interval (or the value, where the rule says so) lies where the claim says.
4. differs: all of it lies elsewhere.
5. not comparable, undecided: the interval holds an end of the rule; more runs would tell.
"""

import math
from typing import Any, NamedTuple

import pandas as pd

from facsimile.claims.base.statistic import Finding, Statistic
from facsimile.foundation import canonical, discover
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import with_names
from facsimile.statistics.estimates import LEVEL, Estimate
from facsimile.studies.parts import Claim, Rule
from facsimile.studies.study import Study

COLUMNS = [
    "claim",
    "text",
    "statistic",
    "value",
    "low",
    "high",
    "n",
    "rule",
    "verdict",
    "reason",
    "command",
    "cost",
]
COLUMNS += ["source", "verified"]
ABOUT = (
    "training",
    "cells",
    "evaluation",
    "grid",
)  # departures of a scale that change what a claim is about


class Verdict(NamedTuple):
    """The word, and why."""

    verdict: str
    reason: str


def table(study: Study, scores: pd.DataFrame, context: Context, cost: str) -> pd.DataFrame:
    """A row a claim of the study; ``cost`` says what its command takes where nothing is made yet."""
    asked = with_names(scores)
    trained = asked[~asked["control"].astype(bool)]
    rows = [_row(id, claim, trained, context, cost) for id, claim in study.claims.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


def find(claim: Claim, trained: pd.DataFrame, context: Context) -> Finding:
    """The statistic of a claim, over the data sets of it that this scale has."""
    kind = discover.the_class("claims", claim.statistic, Statistic)
    given = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in claim.parameters.items()
    }
    found: Finding = kind(**given).find(
        trained, [d for d in _about(claim, context) if d in context.scale.datasets]
    )
    return found


def judge(claim: Claim, finding: Finding, context: Context) -> Verdict:
    """The verdict on one claim; the rule stands at the top of this file."""
    estimate = finding.estimate
    if obstacles := [*finding.lacking, *_departures(claim, context)]:
        return Verdict("not comparable", "; ".join(obstacles))
    if math.isnan(estimate.value):
        return Verdict("not comparable", f"undefined for {estimate.n} runs")
    low, high = (
        (estimate.low, estimate.high)
        if claim.rule.by == "interval"
        else (estimate.value, estimate.value)
    )
    if math.isnan(low):
        return Verdict("not comparable", f"no interval for {estimate.n} runs")
    return _decided(claim.rule, estimate, low, high)


def rule_text(rule: Rule) -> str:
    """``95 % interval above 0``, ``value between 0.5 and 0.7``."""
    what = f"{100 * LEVEL:.0f} % interval" if rule.by == "interval" else "value"
    if rule.above is not None and rule.below is not None:
        return f"{what} between {rule.above:g} and {rule.below:g}"
    return (
        f"{what} above {rule.above:g}" if rule.above is not None else f"{what} below {rule.below:g}"
    )


def command(study: str, scale: str, target: str) -> str:
    """What to type: it makes the claim's table or figure, and its verdict."""
    return f"snakemake {study}_{target} {study}_claims --config scale={scale}"


def _decided(rule: Rule, estimate: Estimate, low: float, high: float) -> Verdict:
    above = -math.inf if rule.above is None else rule.above
    below = math.inf if rule.below is None else rule.below
    said = f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}] of {estimate.n:,} runs"
    if above < low and high < below:
        return Verdict("reproduced", said)
    if high <= above or low >= below:
        return Verdict("differs", said)
    held = names.listed(
        [f"{end:g}" for end in (rule.above, rule.below) if end is not None and low <= end <= high]
    )
    return Verdict("not comparable", f"undecided: {said} holds {held}; more runs would tell")


def _about(claim: Claim, context: Context) -> list[str]:
    """The data sets that a claim is about."""
    return claim.datasets or list(context.design.datasets)


def _departures(claim: Claim, context: Context) -> list[str]:
    """In what this scale is not the study that the claim is about."""
    about = _about(claim, context)
    there = [d for d in about if d in context.scale.datasets]
    fewer = [f"{len(there)} of {len(about)} data sets"] if len(there) < len(about) else []
    other = [
        d.text for d in context.scale.departures if d.kind in ABOUT and d.dataset in ("", *about)
    ]
    said = ", ".join([*fewer, *dict.fromkeys(other)])
    return [f"{context.scale.name} scale: {said}"] if said else []


def _row(
    id: str, claim: Claim, trained: pd.DataFrame, context: Context, cost: str
) -> tuple[Any, ...]:
    finding = find(claim, trained, context)
    estimate = finding.estimate
    statistic = f"{claim.statistic} {canonical.dumps(claim.parameters)}"
    numbers = (estimate.value, estimate.low, estimate.high, estimate.n)
    asked = command(context.design.study, context.scale.name, claim.target)
    verdict = judge(claim, finding, context)
    return (
        id,
        claim.text,
        statistic,
        *numbers,
        rule_text(claim.rule),
        *verdict,
        asked,
        cost,
        claim.source,
        claim.verified,
    )
