"""Tests a study's claims: each names a statistic (a file of a folder claims/) and a rule for it.

The first of these that applies decides the verdict:

1. not comparable: scores or data sets are missing, or this scale departs from the study in
   something the claim is about.
2. not comparable: the statistic is undefined, or has no interval although the rule needs one.
3. reproduced: the whole interval (or the value, if the rule says so) satisfies the rule.
4. differs: none of it does.
5. not comparable, undecided: the interval contains a limit of the rule; more runs would tell.
"""

import math
from typing import Any

import pandas as pd

from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.comparison.verdict import DIFFERS, NOT_COMPARABLE, REPRODUCED, Verdict
from facsimile.foundation import canonical, discover
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.departures import Departure
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
    "source",
    "verified",
]

# Departures of a scale that change what a claim is about. Fewer seeds only widen the interval.
ABOUT = ("training", "cells", "evaluation", "grid")


def table(
    study: Study,
    scores: pd.DataFrame,
    context: Context,
    cost: str,
) -> pd.DataFrame:
    """One row per claim of the study, with the columns ``COLUMNS``.

    ``cost`` describes what its command costs if nothing has been computed yet.
    """
    named = with_names(scores)
    trained = named[~named["control"].astype(bool)]
    rows = []
    for id, claim in study.claims.items():
        rows.append(_row(id, claim, trained, context, cost))
    return pd.DataFrame(rows, columns=COLUMNS)


def compute(claim: Claim, trained: pd.DataFrame, context: Context) -> StatisticResult:
    """Compute the statistic of a claim over those of its data sets that this scale has."""
    statistic = discover.load_class("claims", claim.statistic, Statistic)
    parameters: dict[str, Any] = {}
    for key, value in claim.parameters.items():
        # Statistics are frozen dataclasses, so a list of the study file becomes a tuple.
        parameters[key] = tuple(value) if isinstance(value, list) else value
    datasets = _available_datasets(claim, context)
    finding: StatisticResult = statistic(**parameters).compute(trained, datasets)
    return finding


def judge(claim: Claim, finding: StatisticResult, context: Context) -> Verdict:
    """The verdict on one claim; the rules are at the top of this file."""
    rule = rule_text(claim.rule)
    estimate = finding.estimate
    obstacles = [*finding.missing, *_departures(claim, context)]
    if obstacles:
        return Verdict(NOT_COMPARABLE, "; ".join(obstacles), rule)
    if math.isnan(estimate.value):
        return Verdict(NOT_COMPARABLE, f"undefined for {estimate.n} runs", rule)
    low, high = estimate.low, estimate.high
    if claim.rule.by == "value":
        low = high = estimate.value
    if math.isnan(low):
        return Verdict(NOT_COMPARABLE, f"no interval for {estimate.n} runs", rule)
    return _decided(claim.rule, estimate, low, high)


def rule_text(rule: Rule) -> str:
    """``95 % interval above 0``, ``value between 0.5 and 0.7``."""
    subject = f"{100 * LEVEL:.0f} % interval" if rule.by == "interval" else "value"
    if rule.above is not None and rule.below is not None:
        return f"{subject} between {rule.above:g} and {rule.below:g}"
    if rule.above is not None:
        return f"{subject} above {rule.above:g}"
    return f"{subject} below {rule.below:g}"


def command(study: str, scale: str, target: str) -> str:
    """The command that makes the claim's table or figure, and its verdict."""
    return f"snakemake {study}_{target} {study}_claims --config scale={scale}"


def _decided(
    rule: Rule,
    estimate: Estimate,
    low: float,
    high: float,
) -> Verdict:
    """The verdict by the rule alone; ``low`` and ``high`` are the ends of what must satisfy it."""
    text = rule_text(rule)
    above = -math.inf if rule.above is None else rule.above
    below = math.inf if rule.below is None else rule.below
    numbers = (
        f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}] of {estimate.n:,} runs"
    )
    if above < low and high < below:
        return Verdict(REPRODUCED, numbers, text)
    if high <= above or low >= below:
        return Verdict(DIFFERS, numbers, text)
    contained = []
    for limit in (rule.above, rule.below):
        if limit is not None and low <= limit <= high:
            contained.append(f"{limit:g}")
    reason = f"undecided: {numbers} holds {names.enumeration(contained)}; more runs would tell"
    return Verdict(NOT_COMPARABLE, reason, text)


def _datasets(claim: Claim, context: Context) -> list[str]:
    """The data sets that a claim is about."""
    return claim.datasets or list(context.design.datasets)


def _available_datasets(claim: Claim, context: Context) -> list[str]:
    """Those of them that this scale has."""
    available = context.scale.datasets
    return [name for name in _datasets(claim, context) if name in available]


def _departures(claim: Claim, context: Context) -> list[str]:
    """How this scale departs from what the claim is about: one text, or none."""
    datasets = _datasets(claim, context)
    available = _available_datasets(claim, context)
    texts = []
    if len(available) < len(datasets):
        texts.append(f"{len(available)} of {len(datasets)} data sets")
    for departure in context.scale.departures:
        if departure.kind in ABOUT and not _is_elsewhere(departure, datasets, context):
            texts.append(departure.text)
    if not texts:
        return []
    return [f"{context.scale.name} scale: {', '.join(dict.fromkeys(texts))}"]


def _is_elsewhere(departure: Departure, datasets: list[str], context: Context) -> bool:
    """Whether a departure concerns other data sets than these.

    A departure without a data set applies to all of them, one of a model to those of the model.
    """
    if departure.dataset:
        return departure.dataset not in datasets
    return not any(context.design.trains(departure.model, dataset) for dataset in datasets)


def _row(
    id: str,
    claim: Claim,
    trained: pd.DataFrame,
    context: Context,
    cost: str,
) -> tuple[Any, ...]:
    """The values of all ``COLUMNS``."""
    finding = compute(claim, trained, context)
    estimate = finding.estimate
    verdict = judge(claim, finding, context)
    parameters = canonical.dumps(claim.parameters)
    study, scale = context.design.study, context.scale.name
    return (
        id,
        claim.text,
        f"{claim.statistic} {parameters}",
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        verdict.rule,
        verdict.verdict,
        verdict.reason,
        command(study, scale, claim.target),
        cost,
        claim.source,
        claim.verified,
    )
